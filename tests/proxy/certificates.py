"""Certificates for upstreams of tests: an authority, and files of what it has signed."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Certificates:
    """An authority, and a folder for files."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        self._folder = folder
        self.file = str(folder / "ca.pem")
        """The authority's own certificate."""
        self.authority.cert_pem.write_to_path(self.file)

    def server(self, *names: str, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
        """Return the context of an upstream with a certificate for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf = self.authority.issue_cert(*names, key_type=trustme.KeyType.ECDSA)
        leaf.configure_cert(context)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    def client(self, name: str) -> tuple[str, str]:
        """Return the files of a certificate and its key."""
        leaf = self.authority.issue_cert(name, key_type=trustme.KeyType.ECDSA)
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        leaf.cert_chain_pems[0].write_to_path(certificate)
        leaf.private_key_pem.write_to_path(key)
        return str(certificate), str(key)
