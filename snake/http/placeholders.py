"""Placeholders: `{http.request.host}` and its like, parsed once and filled per request."""

from __future__ import annotations

from collections.abc import Callable

from snake.http.request import Request

Fill = Callable[[Request], str]


class Template:
    """A text with placeholders, compiled when the configuration is loaded.

    `known` fills what is known and leaves the rest as it is written (response
    bodies, header values); `all` makes the rest empty (paths, patterns). Values
    are never expanded again. `constant` is the text when it has no placeholder.
    """

    __slots__ = ("all", "constant", "known", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.constant: str | None = text
        self.known: Fill = lambda _: text
        self.all: Fill = lambda _: text
