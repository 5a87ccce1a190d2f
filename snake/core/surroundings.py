"""Surroundings: placeholders that are known without a request, like `{env.HOME}`.

The names are Caddy's: https://caddyserver.com/docs/conventions#placeholders.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from snake.core.errors import SnakeError
from snake.core.folder import START

Get = Callable[[], Any]
"""The value at this moment."""

MAX_FILE = 1 << 20
"""`{file./path}` reads this much (Caddy: 1 MiB)."""

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386"}
"""The machine names of uname in the words of Go, which `{system.arch}` uses."""


def surrounding(name: str) -> Get | None:
    """Return what gives the value of a placeholder; `None` when nothing has that name."""
    if name.startswith("env."):
        return _environment(name.removeprefix("env."))
    if name.startswith("file."):
        return _file_contents(name.removeprefix("file."))
    return _EXACT.get(name)


class PlaceholderError(SnakeError):
    """A placeholder that nobody knows, or that has no value, where one is needed."""


def fill(text: str) -> str:
    """Put the values of placeholders into a text. Raises `PlaceholderError`."""
    return _PLACEHOLDER.sub(_needed, text)


def fill_known(text: str) -> str:
    """Put in the values of the placeholders that are known. Raises `PlaceholderError`.

    Those that only a request can know stay as they are.
    """
    return _PLACEHOLDER.sub(
        lambda found: _needed(found) if surrounding(found[1]) is not None else found[0], text
    )


def fill_all(text: str) -> str:
    """Put in the values of the placeholders; those that are not known are empty."""
    return _PLACEHOLDER.sub(lambda found: _value(found[1]), text)


def _value(name: str) -> str:
    get = surrounding(name)
    return "" if get is None else str(get())


def _needed(found: re.Match[str]) -> str:
    get = surrounding(found[1])
    if get is None:
        raise PlaceholderError(f"unrecognized placeholder {found[0]}")
    value = str(get())
    if not value:
        raise PlaceholderError(f"evaluated placeholder {found[0]} is empty")
    return value


def _environment(name: str) -> Get:
    value = os.environ.get(name, "")
    return lambda: value


def _file_contents(path: str) -> Get:
    def get() -> str:
        try:
            with Path(START.path(path)).open("rb") as file:
                text = file.read(MAX_FILE).decode("utf-8", "surrogateescape")
        except OSError:
            return ""
        return text.removesuffix("\n").removesuffix("\r")

    return get


class Now(datetime):
    """A moment, which as text is what Go makes of it, with the seconds since the start."""

    def __str__(self) -> str:
        """Return it as Go's `Time.String`."""
        fraction = f".{self.microsecond:06d}".rstrip("0").rstrip(".")
        return (
            f"{self:%Y-%m-%d %H:%M:%S}{fraction}{self: %z %Z} m=+{time.monotonic() - _STARTED:.9f}"
        )


_STARTED = time.monotonic()


def _now(form: Callable[[datetime], Any]) -> Get:
    return lambda: form(datetime.now(UTC).astimezone())


_EXACT: dict[str, Get] = {
    "time.now": lambda: Now.now(UTC).astimezone(),
    "time.now.http": lambda: time.strftime(_HTTP_DATE, time.gmtime()),
    "time.now.common_log": _now(lambda now: now.strftime("%d/%b/%Y:%H:%M:%S %z")),
    "time.now.year": _now(lambda now: str(now.year)),
    "time.now.unix": lambda: str(int(time.time())),
    "time.now.unix_ms": lambda: str(int(time.time() * 1000)),
    "system.hostname": socket.gethostname,
    "system.slash": lambda: os.sep,
    "system.os": lambda: sys.platform,
    "system.wd": lambda: START.folder,
    "system.arch": lambda: _ARCHITECTURES.get(os.uname().machine, os.uname().machine),
}
