"""The filter encoder: changes or leaves out fields of every record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

import msgspec

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment, Token
from snake.caddyfile.words import Words, subdirectives
from snake.core.modules import Context, to_json
from snake.core.namespace import In
from snake.logs.encoders import STACK, Encoder, Record
from snake.logs.filters.contract import Filter
from snake.logs.filters.regexp import MultiRegexp, Operation, Regexp, checked
from snake.logs.wrapping import Wrapping, WrappingModule, read_wrap

FILTERS = "caddy.logging.encoders.filter"

STEP = ">"
"""Stands between the names of a field and of one inside of it: `request>headers>Cookie`."""


class FilterEncoder(WrappingModule):
    """The JSON of `caddy.logging.encoders.filter`: filters by the path of their field."""

    id = "caddy.logging.encoders.filter"

    fields: dict[str, Annotated[msgspec.Raw, In(FILTERS, "filter")]] = {}

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `filter { wrap <encoder> …; fields { <field> <filter> … }; <field> <filter> … }`.

        With an argument, what is in the braces is not read.
        """
        wrap: msgspec.Raw | None = None
        fields = _Fields(guests)
        for sub in () if line.args else subdirectives(line):
            if sub.name == "wrap":
                wrap = read_wrap(sub, guests)
            elif sub.name == "fields":
                for inner in subdirectives(sub.block()):
                    fields.read(inner)
            else:
                fields.read(sub)
        if wrap is None:
            return cls(fields=fields.all())
        return cls(wrap=wrap, fields=fields.all())

    async def provision(self, ctx: Context) -> Encoder:
        """Provision the filters."""
        filters = {
            path: await ctx.at("fields", path).load(raw, namespace=FILTERS, key="filter")
            for path, raw in self.fields.items()
        }
        return FilteredFields(await self.wrapped(ctx), filters)


class _Fields:
    """Reads filters; several regular expressions for one field are one filter."""

    def __init__(self, guests: Guests) -> None:
        self._guests = guests
        self._fields: dict[str, msgspec.Raw] = {}
        self._regexps: dict[str, list[tuple[Token, Operation]]] = {}

    def read(self, sub: Words) -> None:
        """Read `<field> <filter> …`."""
        field, line = sub.token, sub.guest()
        found = self._guests.read(line, FILTERS)
        if isinstance(found, Regexp):
            word = line.args[0] if line.args else line.words[0]
            operation = Operation(found.regexp, found.value)
            self._regexps.setdefault(field.text, []).append((word, operation))
            return
        if field.text in self._regexps:
            field.fail(f"cannot mix regexp filters with other filter types for field {field}")
        if field.text in self._fields:
            field.fail(
                f"field {field} already has a filter; only regexp filters may be more than one"
            )
        self._fields[field.text] = to_json(found, "filter")

    def all(self) -> dict[str, msgspec.Raw]:
        """Return the JSON of every field's filter."""
        fields = dict(self._fields)
        for name, found in self._regexps.items():
            if len(found) == 1:
                [(_, only)] = found
                fields[name] = to_json(Regexp(regexp=only.regexp, value=only.value), "filter")
            else:
                fields[name] = to_json(MultiRegexp(operations=checked(found)), "filter")
        return fields


class FilteredFields(Wrapping):
    """Records of which some fields are changed or left out."""

    def __init__(self, wrapped: Encoder | None, filters: Mapping[str, Filter]) -> None:
        super().__init__(wrapped)
        self._filters = filters
        paths = [path.split(STEP) for path in filters]
        self._parents = {
            "".join(f"{step}{STEP}" for step in steps[:end])
            for steps in paths
            for end in range(1, len(steps))
        }

    def encode(self, record: Record) -> bytes:
        """Return the whole line, with its end."""
        return self.wrapped.encode(record._replace(fields=self._filtered(record.fields, "")))

    def _filtered(self, fields: Mapping[str, object], prefix: str) -> dict[str, object]:
        filtered: dict[str, object] = {}
        for name, value in fields.items():
            path = f"{prefix}{name}"
            if apply := self._filters.get(path) if path != STACK else None:
                if (changed := apply(name, value)) is not None:
                    filtered[changed[0]] = changed[1]
            elif f"{path}{STEP}" in self._parents and isinstance(value, Mapping):
                filtered[name] = self._filtered(value, f"{path}{STEP}")
            else:
                filtered[name] = value
        return filtered

    def over(self, wrapped: Encoder) -> Encoder:
        """Return the same encoder over another."""
        return FilteredFields(wrapped, self._filters)
