"""Storage: where certificates, keys and accounts are kept."""
