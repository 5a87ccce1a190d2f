"""Certificates: where they come from, and which one a connection gets."""
