"""Accept-Encoding."""

from __future__ import annotations

import pytest

from snake.http.accept_encoding import accepted_encodings
from tests.matchers.matching import request

OURS = ("zstd", "br", "gzip")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("", []),
        ("gzip", ["gzip"]),
        ("gzip, deflate, br, zstd", ["zstd", "br", "gzip", "deflate"]),
        ("GZIP , Br", ["br", "gzip"]),
        ("gzip;q=1.0, zstd;q=0.5", ["gzip", "zstd"]),
        ("gzip;q=0.5, zstd;q=0.5", ["zstd", "gzip"]),
        ("gzip;q=0, zstd", ["zstd"]),
        ("gzip;q=0.000, *", ["*"]),
        ("gzip;Q=0.2;x=y, br ; q=0.3", ["br", "gzip"]),
        ("gzip;q=high, br;q=2, zstd;q=-1", ["zstd", "br", "gzip"]),
        ("identity, unknown", ["identity", "unknown"]),
    ],
)
def test_client_and_then_we_choose(field: str, expected: list[str]) -> None:
    """A client's quality decides, among equals our order; what cannot be read counts as 1."""
    assert accepted_encodings(request(headers={"accept-encoding": field}), OURS) == expected


def test_websocket_takes_none() -> None:
    """The answer to a WebSocket handshake is never encoded."""
    headers = {"accept-encoding": "gzip, identity", "sec-websocket-key": "x"}

    assert accepted_encodings(request(headers=headers), OURS) == ["identity"]
