"""Loaded: a document as it was read, and what is known of where its parts were written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from snake.config.document import Document, encode
from snake.core.errors import DocumentError
from snake.core.record import Record


class Loaded(Record):
    """A document, and its origins if it comes from a Caddyfile."""

    document: Document
    origins: msgspec.Raw = msgspec.Raw(b"[]")
    """As `adapter.origins.Origins.encode` gives them; read only when there is a fault to place."""
    written: msgspec.Raw = msgspec.Raw(b"")
    """The JSON as somebody wrote it, with its IDs; nothing where it was no JSON."""

    files: tuple[str, ...] = ()
    """The paths of what it is in, some of them with wildcards; of a file that was read again."""

    @property
    def json(self) -> bytes:
        """The JSON that gives this document when it is read."""
        return bytes(self.written) or encode(self.document)

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Give the errors of the document their place in the Caddyfile."""
        try:
            yield
        except DocumentError as error:
            # Only who has a fault to tell of needs the adapter.
            from snake.adapter.origins import place  # noqa: PLC0415

            raise place(error, self.document, self.origins) from None
