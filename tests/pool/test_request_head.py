"""The head of a request on its way to an app that has its own process."""

from __future__ import annotations

from typing import Any

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from snake.pool.request_head import NO_BODY, read, write
from snake.tls.secured import EXTENSION, SECURED, Secured, asgi_extension
from tests.tls.test_secured import make_client


def scope(**more: Any) -> dict[str, Any]:
    """Return the scope of a request."""
    return {
        "type": "http",
        "method": "GET",
        "http_version": "2",
        "scheme": "https",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"a.com")],
        **more,
    }


def test_tls_is_told() -> None:
    """An app is told of a connection's TLS and of its client, but for the server's certificate."""
    client = make_client()
    pem = client.public_bytes(Encoding.PEM).decode()
    secured = Secured(
        version=0x0304, cipher_suite=0x1301, peers=(client.public_bytes(Encoding.DER),), chain=pem
    )
    extension = asgi_extension(secured)
    sent = scope(extensions={EXTENSION: extension}, **{SECURED: secured})

    came, body = read(write(sent, NO_BODY, msgspec.json.encode))

    assert body == NO_BODY
    assert came["scheme"] == "https"
    assert came["extensions"][EXTENSION] == {**extension, "server_cert": None}
    assert SECURED not in came


def test_without_tls_there_is_nothing_to_tell() -> None:
    """A connection without TLS has no such extension."""
    came, _ = read(write(scope(), NO_BODY, msgspec.json.encode))

    assert EXTENSION not in came["extensions"]
