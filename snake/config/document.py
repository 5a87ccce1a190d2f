"""The root of the JSON document."""

from __future__ import annotations

import msgspec

from snake.config.admin import Admin
from snake.config.http import Config, Guest, HTTPApp
from snake.config.logging import Logging


class Apps(Config):
    """The apps that a document can configure."""

    http: HTTPApp | None = None
    tls: Guest = None
    pki: Guest = None
    events: Guest = None


class Document(Config):
    """A whole configuration: https://caddyserver.com/docs/json/."""

    admin: Admin | None = None
    logging: Logging | None = None
    storage: Guest = None
    apps: Apps | None = None


def encode(document: Document) -> bytes:
    """Write the document as JSON, defaults left out."""
    return msgspec.json.encode(document)
