"""Variables as matchers read them: by name, or as a placeholder in braces."""

from __future__ import annotations

from collections.abc import Callable

from snake.http.placeholders import lookup
from snake.http.request import Request
from snake.http.template import as_text


def reader(key: str) -> Callable[[Request], str]:
    """Return what gives the value of a variable as text; one that is not set is empty.

    A key that is one placeholder stands for its value.
    """
    is_placeholder = key.startswith("{") and key.endswith("}") and key.count("{") == 1
    get = lookup(key.strip("{}") if is_placeholder else f"http.vars.{key}") or _unknown
    return lambda request: as_text(get(request))


def _unknown(_: Request) -> None:
    """Return the value of a placeholder that nobody knows."""
