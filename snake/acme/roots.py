"""Roots: whom an authority's own server is believed to be."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path


def trusting(files: Iterable[str] = ()) -> ssl.SSLContext:
    """Return a context that trusts the certificates in some files, or what the system does.

    As in Go, a file may have a root, an intermediate certificate, or the server's own. Raises
    `OSError` or `ssl.SSLError` for a file that cannot be read or has no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    named = tuple(files)
    for file in named:
        context.load_verify_locations(file)
    if not named:
        context.load_default_certs()
        if not _system_has_any():
            import certifi  # noqa: PLC0415  (a container may have no certificates of its own)

            context.load_verify_locations(certifi.where())
    return context


def _system_has_any() -> bool:
    paths = ssl.get_default_verify_paths()
    folder: str | None = paths.capath
    return bool(paths.cafile) or (folder is not None and any(Path(folder).iterdir()))
