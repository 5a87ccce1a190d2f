"""IDs: names that parts of a configuration may have, for who changes it later.

Any object of a JSON document may have a field `@id`, with text or a number; nothing that runs
knows of it (`snake.engine.ids`).
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from snake.admin.answer import APIError
from snake.admin.tree import ROOT

_ID = "@id"
MARK = b'"@id"'
"""What JSON has in it that has an ID, and little other JSON."""
_LONGEST_PLAIN = 6
"""Digits of a whole number that Go writes without an exponent, where it is no JSON."""


def index(config: object) -> dict[str, str]:
    """Return the path of every ID. Raises `APIError` when an ID is there twice, or is none.

    A number is found by its digits, and as Caddy has it: 12345678 is `1.2345678e+07` as well.
    """
    found: dict[str, str] = {}
    for value, path in _ids(config, f"/{ROOT}"):
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _wrong(f"{path}: {_ID} field must be a string or number")
        name = str(value)
        if name in found:
            raise _wrong(f"duplicate ID '{name}' found at {found[name]} and {path}")
        found[name] = path
        if isinstance(value, int) and len(name.lstrip("-")) > _LONGEST_PLAIN:
            found.setdefault(_with_exponent(name), path)
    return found


def _ids(value: object, path: str) -> Iterator[tuple[object, str]]:
    """Yield every ID with the path of its object, in order."""
    left = [(value, path)]
    while left:
        value, path = left.pop()
        children: list[tuple[object, object]] = []
        if isinstance(value, dict):
            if _ID in value:
                yield value[_ID], path
            children = [each for each in value.items() if each[0] != _ID]
        elif isinstance(value, list):
            children = list(enumerate(value))
        left += [
            (child, f"{path}/{name}")
            for name, child in reversed(children)
            if isinstance(child, dict | list)
        ]


def _with_exponent(digits: str) -> str:
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    fraction = digits[1:].rstrip("0")
    return f"{sign}{digits[0]}{'.' if fraction else ''}{fraction}e+{len(digits) - 1:02}"


def _wrong(message: str) -> APIError:
    return APIError(HTTPStatus.BAD_REQUEST, f"indexing config: {message}")
