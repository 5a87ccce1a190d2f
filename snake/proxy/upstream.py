"""Upstreams: the servers that requests are passed on to, all of them by the same scheme."""

from __future__ import annotations

from snake.caddyfile.segments import Token
from snake.config.struct import Config
from snake.core.errors import SnakeError
from snake.proxy.address import read_upstream


class Upstream(Config):
    """One server."""

    dial: str = ""
    max_requests: int = 0


class Upstreams:
    """Collects the upstreams of one proxy."""

    def __init__(self) -> None:
        self.all: list[Upstream] = []
        self.scheme = ""
        """The scheme that they have in common; empty when none is given."""

    def add(self, *words: Token) -> None:
        """Add the upstreams of words: several of one that has a range of ports."""
        for word in words:
            self._add(word)

    def _add(self, word: Token) -> None:
        try:
            address = read_upstream(word.text)
            self.all += [Upstream(dial) for dial in address.each()]
        except SnakeError as error:
            word.fail(f"parsing upstream '{word}': {error}")
        if self.scheme not in ("", address.scheme):
            word.fail(
                "all proxy upstreams must use the same scheme (transport protocol); "
                f"expecting '{self.scheme}://' but got '{address.scheme}://'"
            )
        self.scheme = address.scheme
