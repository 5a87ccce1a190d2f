"""The settings, addresses and entry point of the site."""
