"""Status codes as configs give them: a number, or text with placeholders.

Source: Caddy's `WeakString`, https://caddyserver.com/docs/json/apps/http/.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from snake.core.numbers import NumberError, integer
from snake.http.errors import HandlerError
from snake.http.request import Request
from snake.http.template import Template

Status = int | float | bool | str
"""A `status_code` in JSON; empty text when there is none."""


def status_json(text: str) -> Status:
    """Return a status from a Caddyfile as JSON has it: a number if it is one."""
    number = _integer(text)
    return {"true": True, "false": False}.get(text, text) if number is None else number


def is_status(text: str) -> bool:
    """Whether a lone argument is a status: three characters that are a positive number."""
    return len(text) == 3 and (_integer(text) or 0) > 0  # noqa: PLR2004


def text_and_status(words: Sequence[str]) -> tuple[str, str] | None:
    """Read what `respond` and `error` take: a status, a text, or a text and a status.

    What is not given is empty; `None` for any other number of arguments.
    """
    match words:
        case [only]:
            return ("", only) if is_status(only) else (only, "")
        case [text, status]:
            return text, status
        case _:
            return None


def status_filler(status: Status) -> Callable[[Request], int]:
    """Compile a status. The function raises `HandlerError` 500 for what is none then."""
    template = Template(str(status))
    if template.constant is not None:
        constant = _number(template.constant)
        if constant is not None:
            return lambda _: constant

    def fill(request: Request) -> int:
        text = template.all(request)
        number = _number(text)
        if number is None:
            raise HandlerError(500, f'"{text}" is no status code')
        return number

    return fill


def is_final_status(status: Status) -> bool:
    """Whether it is a number, and that of a response after which none follows."""
    number = _number(str(status))
    return number is not None and number >= 200  # noqa: PLR2004


def _number(text: str) -> int | None:
    """Return a status that may be sent: three digits (RFC 9110 section 15)."""
    number = _integer(text) or 0
    return number if 100 <= number <= 999 else None  # noqa: PLR2004


def _integer(text: str) -> int | None:
    try:
        return integer(text)
    except NumberError:
        return None
