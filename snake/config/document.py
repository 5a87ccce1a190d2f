"""The root of the JSON document."""

from __future__ import annotations

from typing import Annotated

import msgspec

from snake.config.admin import Admin
from snake.config.events import EventsApp
from snake.config.filesystems import FileSystems
from snake.config.http import HTTPApp
from snake.config.logging import Logging
from snake.config.pki import PKIApp
from snake.config.struct import Config, Guest
from snake.config.tls import TLSApp
from snake.core.namespace import In
from snake.core.numbers import encode_number


class Apps(Config):
    """The apps that a document can configure, by the alphabet."""

    filesystems: FileSystems | None = msgspec.field(default=None, name="caddy.filesystems")
    events: EventsApp | None = None
    http: HTTPApp | None = None
    pki: PKIApp | None = None
    tls: TLSApp | None = None


class Document(Config):
    """A whole configuration: https://caddyserver.com/docs/json/."""

    admin: Admin | None = None
    logging: Logging | None = None
    storage: Annotated[Guest, In("caddy.storage", "module")] = None
    apps: Apps | None = None


def encode(document: Document) -> bytes:
    """Write the document as JSON, defaults left out, in Caddy's order of keys."""
    return msgspec.json.encode(document, order="deterministic", enc_hook=encode_number)
