"""Filters of a whole field: delete, rename, replace, hash."""

from __future__ import annotations

from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.core.modules import Context
from snake.logs.filters.contract import Filter, FilterModule, on_text


class Delete(FilterModule):
    """The JSON of `caddy.logging.encoders.filter.delete`: the field is not logged."""

    id = "caddy.logging.encoders.filter.delete"

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `delete`; what else stands there means nothing."""
        del line, guests
        return cls()

    async def provision(self, ctx: Context) -> Filter:
        """Return the filter."""
        del ctx
        return lambda *_: None


class Rename(FilterModule):
    """The JSON of `caddy.logging.encoders.filter.rename`: the field has another name."""

    id = "caddy.logging.encoders.filter.rename"

    name: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `rename <name>`; what else stands there means nothing."""
        del guests
        return cls(name=first_arg(line))

    async def provision(self, ctx: Context) -> Filter:
        """Return the filter."""
        del ctx
        return lambda _, value: (self.name, value)


class Replace(FilterModule):
    """The JSON of `caddy.logging.encoders.filter.replace`: the field has this value."""

    id = "caddy.logging.encoders.filter.replace"

    value: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `replace <value>`; what else stands there means nothing."""
        del guests
        return cls(value=first_arg(line))

    async def provision(self, ctx: Context) -> Filter:
        """Return the filter."""
        del ctx
        return lambda name, _: (name, self.value)


class Hash(FilterModule):
    """The JSON of `caddy.logging.encoders.filter.hash`: text is told apart, and not shown."""

    id = "caddy.logging.encoders.filter.hash"

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `hash`; what else stands there means nothing."""
        del line, guests
        return cls()

    async def provision(self, ctx: Context) -> Filter:
        """Return the filter."""
        del ctx
        return on_text(digest)


def digest(text: str) -> str:
    """Return the first four bytes of the SHA-256 of a text, in hexadecimal digits."""
    from hashlib import sha256  # noqa: PLC0415  (adapting a Caddyfile does not need it)

    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def first_arg(line: Segment) -> str:
    """Return the first argument of a line, or nothing."""
    return line.args[0].text if line.args else ""
