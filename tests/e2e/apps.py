"""Sites of one app that a test is hard on: in a worker, or in a process of a pool."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.server import Server, running

WAYS = ("embedded", "pooled")
"""How an app may run."""

_SITE = """{
    admin off
    %(options)s
}
http://127.0.0.1:PORT {
    %(before)s
    python {
        module_%(kind)s main:app
        workers %(workers)d
        %(extra)s
    }
}
"""
_FIRST = """
    handle /first {
        python {
            module_wsgi first:app
            workers 1
        }
    }
"""
_APART = "env_var APART yes"


@contextmanager
def app_running(
    folder: Path,
    way: str,
    app: str,
    extra: str = "",
    **others: Any,
) -> Iterator[Server]:
    """Run an app in a worker, or (`pooled`) apart from another that is in the worker.

    Others: its `kind`, the number of `workers`, global `options`, and what `running` takes.
    """
    (folder / "main.py").write_text(app)
    (folder / "first.py").write_text("def app(e, s):\n    s('200 OK', [])\n    return [b'first']\n")
    pooled = way == "pooled"
    site = _SITE % {
        "kind": others.pop("kind", "asgi"),
        "workers": others.pop("workers", 1),
        "extra": f"{extra}\n{_APART}" if pooled else extra,
        "before": _FIRST if pooled else "",
        "options": others.pop("options", ""),
    }
    with running(site, folder, **others) as server:
        yield server


def pid(server: Server, limit: float = 10) -> int:
    """Return the process that answers `/`."""
    return int(httpx.get(server.url, timeout=limit).text)


def title(way: str) -> str:
    """Return what the log calls the processes that run the app."""
    return "worker" if way == "embedded" else "app process"


def is_there(process: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter while it is read
        return False


def until(holds: Callable[[], bool], limit: float = 20) -> None:
    """Wait until something holds that happens in another process."""
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def end(process: int, number: int = 9) -> None:
    """Send a process a signal."""
    os.kill(process, number)
