"""ACME (RFC 8555): how certificates are had from an authority that checks who has a name."""
