"""Lines and braces to the tree, by the rules of the grammar."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import chain
from typing import Any, cast

from msgspec.structs import replace

from snake.caddyfile.grammar import Rule, caddyfile
from snake.caddyfile.layout import Item
from snake.caddyfile.segments import Section, Segment

Build = Callable[[list[Any]], object]
"""Makes of a rule's children what the rule stands for."""


def parse(items: Iterable[Item]) -> tuple[Section, ...]:
    """Read what is in the sections of a Caddyfile."""
    rows, end, reductions = caddyfile().states, caddyfile().end, _reductions()
    states: list[int] = [0]
    values: list[Any] = []
    for name, value in chain(items, [("$END", None)]):
        while (action := rows[states[-1]][name]) < 0:
            origin, count, build = reductions[~action]
            children = values[len(values) - count :]
            del states[len(states) - count :], values[len(values) - count :]
            values.append(build(children))
            states.append(rows[states[-1]][origin])
            if states[-1] == end:
                return cast("tuple[Section, ...]", values[-1])
        states.append(action)
        values.append(value)
    raise AssertionError(states)


@cache
def _reductions() -> list[tuple[str, int, Build]]:
    """Return for each rule its name, how many symbols it is of, and what it makes of them."""
    rules = caddyfile().rules
    nested = {rule.origin for rule in rules if rule.origin.startswith("_")}
    return [(rule.origin, len(rule.expansion), _build(rule, nested)) for rule in rules]


def _build(rule: Rule, nested: set[str]) -> Build:
    """Leave out terminals whose names begin with `_`, and inline such rules, as Lark does."""
    make = _MAKE.get(rule.origin)
    kept = [not symbol.startswith("_") for symbol in rule.expansion]
    inlined = [symbol in nested for symbol in rule.expansion]

    def build(values: list[Any]) -> object:
        children: list[Any] = []
        for value, keep, inline in zip(values, kept, inlined, strict=True):
            if keep:
                children.append(value)
            elif inline and children:
                children += value
            elif inline:
                # Nothing else has this list: a long block is not copied with each of its lines.
                children = value
        return make(children) if make else children

    return build


def _section(children: list[Any]) -> Section:
    head, *lines = children
    return cast("Section", replace(head, lines=tuple(lines)))


def _line(children: list[Any]) -> Segment:
    words, *rest = children
    if not rest or (isinstance(rest[0], tuple) and len(rest) == 1):
        return Segment(words, *rest)
    block = rest.pop(0) if isinstance(rest[0], tuple) else None
    return Segment(words, block, tuple(rest))


_MAKE: dict[str, Build] = {
    "start": tuple,
    "section": _section,
    "line": _line,
    "behind": _line,
    "block": tuple,
}
