"""The ACME server: certificates of our own authorities for clients that prove their names."""
