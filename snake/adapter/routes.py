"""What directives yield, sorted, grouped and merged into routes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import msgspec

from snake.adapter.directive import LiteralValue, MatcherSet, RouteValue
from snake.adapter.order import Order
from snake.adapter.stable import stable_sorted
from snake.caddyfile.segments import Segment
from snake.config.http import Route
from snake.core.modules import Module, to_json
from snake.core.record import Record

_EXCLUSIVE = ("handle", "rewrite", "root")
"""Directives of which only the first that matches runs."""


class Subroute(Module):
    """The JSON of `http.handlers.subroute`, as far as a Caddyfile writes it."""

    id = "http.handlers.subroute"

    routes: tuple[Route, ...] = ()


class Placed(Record):
    """What one line yields, and the directive's name by which it is sorted."""

    line: Segment
    route: RouteValue | LiteralValue
    own_group: str = ""
    """The final name of a group that no other line has a part in."""

    @property
    def directive(self) -> str:
        """The name of the directive; `handle_path` is one with `handle`."""
        return "handle" if self.line.name == "handle_path" else self.line.name

    @property
    def group(self) -> str:
        """The name that routes of which only one may run have in common; empty for none."""
        if self.own_group or isinstance(self.route, LiteralValue):
            return ""
        return self.route.group or (self.directive if self.directive in _EXCLUSIVE else "")


class Groups:
    """Numbers the groups of one adaptation: `group0`, `group1`, ..."""

    def __init__(self) -> None:
        self._numbers = count()

    def new(self) -> str:
        """Return the next name."""
        return f"group{next(self._numbers)}"


def build_routes(values: Sequence[Placed], groups: Groups) -> tuple[Route, ...]:
    """Turn values into routes, in the order given."""
    asked = [value.group for value in values]
    # A rewrite is in a group even when it is alone, so that it is never merged
    # with a neighbour: after it, what matched before need not match any more.
    names = {
        group: groups.new()
        for group in sorted({*asked, "rewrite"} - {""})
        if asked.count(group) > 1 or group == "rewrite"
    }
    return merge_routes(
        [
            route
            for value in values
            for route in _routes(value.route, value.own_group or names.get(value.group, ""))
        ]
    )


def _routes(value: RouteValue | LiteralValue, group: str) -> tuple[Route, ...]:
    if isinstance(value, LiteralValue):
        return value.routes
    handle = tuple(to_json(handler, "handler") for handler in value.handlers)
    return (Route(group=group, match=value.match, handle=handle, terminal=value.terminal),)


def merge_routes(routes: Sequence[Route]) -> tuple[Route, ...]:
    """Join neighbours that differ only in their handlers."""
    merged: list[Route] = []
    for route in routes:
        last = merged[-1] if merged else None
        if last and (last.match, last.terminal, last.group) == (
            route.match,
            route.terminal,
            route.group,
        ):
            merged[-1] = msgspec.structs.replace(last, handle=last.handle + route.handle)
        else:
            merged.append(route)
    return tuple(merged)


def sort_values(values: Sequence[Placed], order: Order) -> list[Placed]:
    """Put values in the order of their directives, the most specific of each first.

    Raises `CaddyfileError` for a directive that has no place in the order.
    """
    keys = [_Key.of(value, order) for value in values]
    return [key.placed for key in stable_sorted(keys, _before)]


class _Key(Record):
    placed: Placed
    position: int
    matches: bool
    path: str
    """The one path that must match; empty when there is none, or more than one."""
    literal: bool = False
    """Whether it stays where it is among those of its directive."""

    @classmethod
    def of(cls, placed: Placed, order: Order) -> _Key:
        position = order.position(placed.directive)
        if position is None:
            placed.line.fail(
                f"directive '{placed.directive}' is not an ordered HTTP handler, so it cannot be "
                "used here - try placing within a route block or using the order global option"
            )
        if isinstance(placed.route, LiteralValue):
            return cls(placed, position, matches=False, path="", literal=True)
        match = placed.route.match
        return cls(placed, position, bool(match), _only_path(match))


def _only_path(match: Sequence[MatcherSet]) -> str:
    if len(match) != 1 or "path" not in match[0]:
        return ""
    paths = msgspec.json.decode(match[0]["path"], type=list[str] | None)
    return paths[0] if paths and len(paths) == 1 else ""


def _before(a: _Key, b: _Key) -> bool:
    """Whether `a` comes before `b`. Source: https://caddyserver.com/docs/caddyfile/directives#sorting-algorithm."""
    if a.position != b.position:
        return a.position < b.position
    if a.literal or b.literal:
        return False
    more_specific = _more_specific(a, b)
    # Variables overwrite each other, so the most specific of them comes last.
    return not more_specific if a.placed.directive == "vars" else more_specific


def _more_specific(a: _Key, b: _Key) -> bool:
    if not (a.path and b.path):
        return a.matches and not b.matches
    first, second = a.path.removesuffix("*"), b.path.removesuffix("*")
    if first == second:
        return len(a.path) < len(b.path)
    # Lengths and order are those of bytes, as Go compares strings.
    left, right = first.encode(), second.encode()
    return left < right if len(left) == len(right) else len(left) > len(right)
