"""order: where a directive stands among the others.

Syntax::

    order <directive> first | last
    order <directive> before | after <other directive>

Given more than once, each changes what the ones above it have made.
"""

from __future__ import annotations

from snake.adapter.order import Move
from snake.core.suggest import suggestion
from snake.plugin import Guests, Option, Segment

_ENDS = ("first", "last")
_SIDES = ("before", "after")


def _parse(line: Segment, earlier: tuple[Move, ...] | None, guests: Guests) -> tuple[Move, ...]:
    del guests
    match line.texts:
        case [name, where] if where in _ENDS:
            move = Move(line, name, where)
        case [name, where, target] if where in _SIDES:
            move = Move(line, name, where, target)
        case [_, where, *_] if where not in _ENDS + _SIDES:
            hint = suggestion(where, _ENDS + _SIDES)
            line.args[1].fail(f"unknown positional '{where}'{hint}", _EXPECTED)
        case _:
            line.fail("wrong argument count for order", _EXPECTED)
    return (*(earlier or ()), move)


_EXPECTED = "expected: order <directive> first|last, or order <directive> before|after <other>"

order = Option("order", _parse)
