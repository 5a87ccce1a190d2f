"""The append encoder: adds fields to every record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from msgspec import Raw

from snake.caddyfile.guests import Guests
from snake.caddyfile.scalar import scalar
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words, subdirectives
from snake.core.modules import Context
from snake.core.surroundings import Get, surrounding
from snake.logs.encoders import Encoder, Record
from snake.logs.wrapping import Wrapping, WrappingModule, read_wrap

_PLACEHOLDER = re.compile(r"\{[^{]*\}", re.DOTALL)
"""Text that is one placeholder; any other is a constant."""


class Append(WrappingModule):
    """The JSON of `caddy.logging.encoders.append`.

    Values are constants, or one placeholder that is known without a request, like `{env.HOST}`.
    """

    id = "caddy.logging.encoders.append"

    fields: dict[str, object] = {}

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `append { wrap <encoder> …; fields { <field> <value> }; <field> <value> }`.

        With an argument, what is in the braces is not read.
        """
        wrap: Raw | None = None
        fields: dict[str, object] = {}
        for sub in () if line.args else subdirectives(line):
            if sub.name == "wrap":
                wrap = read_wrap(sub, guests)
            elif sub.name == "fields":
                for inner in subdirectives(sub.block()):
                    fields[inner.name] = _value(inner)
            else:
                fields[sub.name] = _value(sub)
        return cls(wrap=wrap, fields=fields) if wrap else cls(fields=fields)

    async def provision(self, ctx: Context) -> Encoder:
        """Look the placeholders up; one that nobody knows has the value null."""
        fields = {name: _getter(value) for name, value in sorted(self.fields.items())}
        return AppendedFields(await self.wrapped(ctx), fields)


def _value(sub: Words) -> object:
    return scalar(sub.only("a value"))


def _getter(value: object) -> Get:
    if isinstance(value, str) and _PLACEHOLDER.fullmatch(value):
        return surrounding(value.strip("{}")) or (lambda: None)
    return lambda: value


class AppendedFields(Wrapping):
    """Records with more fields."""

    def __init__(self, wrapped: Encoder | None, fields: Mapping[str, Get]) -> None:
        super().__init__(wrapped)
        self._fields = fields

    def encode(self, record: Record) -> bytes:
        """Return the whole line, with its end."""
        more = {name: get() for name, get in self._fields.items()}
        return self.wrapped.encode(record._replace(fields={**record.fields, **more}))

    def over(self, wrapped: Encoder) -> Encoder:
        """Return the same encoder over another."""
        return AppendedFields(wrapped, self._fields)
