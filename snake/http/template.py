"""Template: a text with placeholders, parsed once and filled per request."""

from __future__ import annotations

from collections.abc import Callable

from snake.core.numbers import shortest
from snake.http.placeholders import Getter, lookup
from snake.http.request import Request

Fill = Callable[[Request], str]


class Template:
    """A text with placeholders, compiled when the configuration is loaded.

    `known` fills what is known and leaves the rest as it is written (response
    bodies, header values); `all` makes the rest empty (paths, patterns). Values
    are never expanded again. `constant` is the text, its escapes undone, when it
    has no placeholder to fill, else `None`.

    Source: Caddy's `Replacer.ReplaceKnown` and `ReplaceAll`.
    """

    __slots__ = ("all", "constant", "known", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        if "{" not in text and "\\" not in text:  # as most are
            self.constant: str | None = text
            self.known: Fill = lambda _: text
            self.all: Fill = self.known
            return
        known, unknown_left = _parse(text, keep_unknown=True)
        every, _ = _parse(text, keep_unknown=False)
        self.known = _filler(known, keep_unknown=True)
        self.all = _filler(every, keep_unknown=False)
        fixed = not unknown_left and all(isinstance(part, str) for part in known)
        self.constant = "".join(map(str, known)) if fixed else None


def split(text: str) -> tuple[list[str | Placeholder], bool]:
    """Return the parts of a text, and whether braces with a name that nobody can know are in it.

    Those are literal text, as they are written.
    """
    return _parse(text, keep_unknown=True)


def transformed(text: str, change: Callable[[Request, str, str], str]) -> Fill:
    """Compile a text whose values go through `change(request, name, value)`; unknown are empty.

    For texts that mean something around their placeholders, as URIs do.
    """
    parts, _ = _parse(text, keep_unknown=False)
    return lambda request: "".join(
        [
            part
            if isinstance(part, str)
            else change(request, part.text, _value(part, request, keep_unknown=False))
            for part in parts
        ]
    )


class Placeholder:
    """A placeholder and how to get its value."""

    __slots__ = ("getter", "text")

    def __init__(self, text: str, getter: Getter) -> None:
        self.text = text
        self.getter = getter


def _parse(text: str, *, keep_unknown: bool) -> tuple[list[str | Placeholder], bool]:
    """Split into literal text and keys; tell whether an unknown placeholder is in it.

    A brace after a backslash is literal. A brace that is never closed, and a
    placeholder that nobody can know, are literal where unknown ones are kept.
    """
    parts: list[str | Placeholder] = []
    literal: list[str] = []
    unknown = False
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and text[at + 1 : at + 2] in ("{", "}"):
            literal.append(text[at + 1])
            at += 2
            continue
        end = _close(text, at) if char == "{" else -1
        if end < 0:
            literal.append(char)
            at += 1
            continue
        getter = lookup(text[at + 1 : end])
        unknown = unknown or getter is None
        if getter is None and keep_unknown:
            literal.append(char)
            at += 1
            continue
        if getter is not None:
            parts += ["".join(literal), Placeholder(text[at + 1 : end], getter)]
            literal.clear()
        at = end + 1
    parts.append("".join(literal))
    return [part for part in parts if part != ""], unknown


def _close(text: str, at: int) -> int:
    """Return where the placeholder that opens at `at` closes; -1 if it does not."""
    end = text.find("}", at)
    while end > 0 and text[end - 1] == "\\":
        end = text.find("}", end + 1)
    return end


def _filler(parts: list[str | Placeholder], *, keep_unknown: bool) -> Fill:
    match parts:
        case []:
            return lambda _: ""
        case [str() as only]:
            return lambda _: only
        case [Placeholder() as key]:
            return lambda request: _value(key, request, keep_unknown=keep_unknown)
        case _:
            return lambda request: "".join(
                [
                    part
                    if isinstance(part, str)
                    else _value(part, request, keep_unknown=keep_unknown)
                    for part in parts
                ]
            )


def _value(key: Placeholder, request: Request, *, keep_unknown: bool) -> str:
    value = key.getter(request)
    if value is None:
        return "{" + key.text + "}" if keep_unknown else ""
    return as_text(value)


def as_text(value: object) -> str:
    """Return the value of a placeholder or a variable as text; nothing for `None`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return shortest(value)
    return "" if value is None else str(value)
