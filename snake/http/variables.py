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
    if key.startswith("{") and key.endswith("}") and key.count("{") == 1:
        get = lookup(key.strip("{}"))
        return (lambda _: "") if get is None else lambda request: as_text(get(request))
    return lambda request: as_text(request.variable(key))
