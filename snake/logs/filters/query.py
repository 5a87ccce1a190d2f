"""The filter query: URLs with some of their parameters changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self
from urllib.parse import quote_plus, unquote_plus

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.config.struct import Config
from snake.core.modules import Context
from snake.logs.filters.actions import Action, Kind, read_actions
from snake.logs.filters.contract import Filter, FilterModule, on_text

_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


class QueryAction(Config):
    """What is done to the parameter of a name."""

    type: Kind
    parameter: str
    value: str = ""


class Query(FilterModule, omit_defaults=False):
    """The JSON of `caddy.logging.encoders.filter.query`.

    The parameters that are left are sorted by their names.
    """

    id = "caddy.logging.encoders.filter.query"

    actions: tuple[QueryAction, ...] | None = None

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `query { replace <name> <value>; hash <name>; delete <name> }`."""
        del guests
        actions = tuple(QueryAction(*action) for action in map(_fields, read_actions(line)))
        return cls(actions=actions or None)

    async def provision(self, ctx: Context) -> Filter:
        """Return the filter."""
        del ctx
        actions = [Action(each.type, each.parameter, each.value) for each in self.actions or ()]
        return on_text(lambda url: _changed(url, actions))


def _fields(action: Action) -> tuple[Kind, str, str]:
    return action.kind, action.name, action.value


def _changed(url: str, actions: Sequence[Action]) -> str:
    before, mark, query = url.partition("?")
    query, hash_mark, fragment = query.partition("#")
    if _BAD_ESCAPE.search(before) or not query:
        return url
    values = _parsed(query)
    for action in actions:
        found = values.get(action.name)
        if found is None:
            continue
        changed = [action.apply(value) for value in found]
        values[action.name] = [value for value in changed if value is not None]
    pairs = [
        f"{_escaped(name)}={_escaped(value)}" for name in sorted(values) for value in values[name]
    ]
    return before + (mark + "&".join(pairs) if pairs else "") + hash_mark + fragment


def _parsed(query: str) -> dict[str, list[str]]:
    """Return the values of each parameter; one that is malformed is left out."""
    values: dict[str, list[str]] = {}
    for part in query.split("&"):
        if not part or ";" in part or _BAD_ESCAPE.search(part):
            continue
        name, _, value = part.partition("=")
        values.setdefault(_unescaped(name), []).append(_unescaped(value))
    return values


def _unescaped(text: str) -> str:
    return unquote_plus(text, errors="surrogateescape")


def _escaped(text: str) -> str:
    return quote_plus(text, errors="surrogateescape")
