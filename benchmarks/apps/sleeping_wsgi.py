"""A WSGI app that waits as one does for a database: it takes time and no CPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

BODY = b'{"message":"Hello, World!"}'
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]


def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer after 50 ms."""
    del environ
    time.sleep(0.05)
    start_response("200 OK", list(HEADERS))
    return [BODY]
