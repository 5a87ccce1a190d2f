"""A WSGI app that answers, fails, or waits, as its path says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

Start = Callable[[str, list[tuple[str, str]]], Any]


def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    """Answer with the path."""
    path = environ["PATH_INFO"]
    if path == "/fail":
        raise ValueError(path)
    if path == "/wait":
        time.sleep(0.5)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [path.encode()]
