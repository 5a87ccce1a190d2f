"""What a directive can ask of its line."""

from __future__ import annotations

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.read import read
from snake.caddyfile.segments import Segment


def line(text: str) -> Segment:
    """Return one line inside of a site."""
    [site] = read(f"x {{\n{text}\n}}", "Caddyfile").sections
    return site.lines[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("b 1 2", "b takes one argument, got 2"),
        ("b", "b takes one argument, got 0"),
    ],
)
def test_number_of_arguments_is_checked(text: str, message: str) -> None:
    """A line that has another number of arguments than one is refused."""
    assert line("b 1").arg() == "1"
    with pytest.raises(CaddyfileError) as raised:
        line(text).arg()

    assert raised.value.message == message


def test_flag_has_no_argument() -> None:
    """A word that stands alone is true; with an argument it is refused."""
    assert line("c").flag()
    with pytest.raises(CaddyfileError, match="c takes no argument, got 1"):
        line("c 1").flag()


def test_directives_may_stand_behind_the_block() -> None:
    """Those of other braces on the line of the closing one count as well, a word before each."""
    both = line("a {\n} c {\nd\n}")

    assert both.lines == ()
    assert [inner.name for inner in both.directives] == ["d"]
    with pytest.raises(CaddyfileError, match="unexpected line ending after 'd'"):
        _ = line("a {\n} \\\nc d").directives


def test_block_can_be_forbidden() -> None:
    """A line that takes no block refuses even an empty one."""
    line("a b").no_block()
    with pytest.raises(CaddyfileError, match="a takes no block"):
        line("a b {\n}").no_block()


def test_first_argument_can_be_taken_off() -> None:
    """What is left keeps the name, the other words and the block."""
    rest = line("a b c {\nd\n}").without_first_arg()

    assert (rest.name, rest.texts, rest.lines[0].name) == ("a", ["c"], "d")
