"""The order of directives."""

from __future__ import annotations

import pytest

from snake.adapter.directive import Directive
from snake.adapter.order import ORDER, Move, Order
from snake.caddyfile.segments import Segment, Token
from snake.core.errors import ConfigError
from snake.plugin import Scope


def parse(line: Segment, scope: Scope) -> tuple[()]:
    """Yield nothing."""
    del line, scope
    return ()


LINE = Segment(tuple(Token(text, "Caddyfile", 2) for text in ("order", "x", "after", "y")))


def place(order: Order, name: str) -> int:
    """Return the position of a directive that has one."""
    position = order.position(name)
    assert position is not None
    return position


def test_python_stands_before_route() -> None:
    """An app comes after the handles of its site, and before everything that answers."""
    assert ORDER.index("handle_path") + 1 == ORDER.index("python") == ORDER.index("route") - 1


def test_plugin_stands_where_it_asks_to() -> None:
    """A plugin's directive is placed beside a standard one; without a wish it has no place."""
    order = Order((), ["a", "b", "c"])
    order.place(Directive("a", parse, after="header"))
    order.place(Directive("b", parse, before="header"))
    order.place(Directive("c", parse))

    assert place(order, "b") + 1 == place(order, "header") == place(order, "a") - 1
    assert order.position("c") is None


def test_option_wins_over_the_plugin() -> None:
    """What the `order` option says about a plugin's directive counts."""
    order = Order([Move(LINE, "a", "first")], ["a"])
    order.place(Directive("a", parse, after="header"))

    assert order.position("a") == 0


def test_plugin_cannot_stand_beside_a_plugin() -> None:
    """Only standard directives can be named, since the others may not be there."""
    order = Order((), ["a"])

    with pytest.raises(ConfigError, match="which is no standard directive"):
        order.place(Directive("a", parse, after="b"))
