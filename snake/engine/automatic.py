"""Automatic: a document as it runs, with what automatic HTTPS adds to it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from snake.config.document import Document, encode
from snake.config.tls import TLSApp
from snake.core.errors import DocumentError
from snake.core.record import Record
from snake.engine import needs
from snake.http.autohttps import Automatic, automatic

logger = logging.getLogger("snake.http.auto_https")


_AUTOMATE = b'"client_certificate_automate"'


class Effective(Record):
    """What the workers run, and the names that need certificates."""

    document: Document
    names: Mapping[str, bool]
    """For each, whether one is to be managed though one that is loaded matches."""
    made: Automatic

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Give the errors of this document their place in the one that was written."""
        try:
            yield
        except DocumentError as error:
            path = self.made.original_path(error.path)
            if path == error.path:
                raise
            raise type(error)(error.message, path) from None

    @property
    def tls(self) -> TLSApp:
        """The `tls` app; an empty one if there is none."""
        return (self.document.apps and self.document.apps.tls) or TLSApp()

    @property
    def has_certificates(self) -> bool:
        """Whether there is anything for which certificates are loaded or obtained."""
        apps = self.document.apps
        servers = needs.http(self.document).servers.values()
        return (
            bool(self.names)
            or _is_administered(self.document)
            or any(server.tls_connection_policies for server in servers)
            or (apps is not None and (apps.tls is not None or apps.pki is not None))
        )


def _is_administered(document: Document) -> bool:
    """Whether snake has an identity, or is to be administered by other machines."""
    admin = document.admin
    return admin is not None and (admin.identity is not None or admin.remote is not None)


def effective(document: Document) -> Effective:
    """Return a document as it runs. Raises `ConfigError`."""
    made = automatic(document)
    for note in made.notes:
        logger.log(note.level, "%s", note.message, extra={"fields": note.fields})
    return _effective(made)


def with_loaded(document: Document, has_certificate: Callable[[str], bool]) -> Effective:
    """Return a document as it runs, when it is known which certificates are loaded.

    Raises `ConfigError`.
    """
    return _effective(automatic(document, has_certificate))


def _effective(made: Automatic) -> Effective:
    names = dict.fromkeys((*made.names, *_shown_to_upstreams(made.document)))
    return Effective(made.document, {name: name in made.regardless for name in names}, made)


def _shown_to_upstreams(document: Document) -> list[str]:
    """Return the names whose certificates a proxy presents, wherever in a document it stands."""
    found: list[str] = []
    encoded = encode(document)
    nodes: list[Any] = [msgspec.json.decode(encoded)] if _AUTOMATE in encoded else []
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            name = node.get("client_certificate_automate")
            found += [name] if isinstance(name, str) and name else []
            nodes += node.values()
        elif isinstance(node, list):
            nodes += node
    return found
