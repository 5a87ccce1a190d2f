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


def test_fields_are_read_by_name() -> None:
    """Each line of a block is read by the reader of its name."""
    found = line("a {\nb 1\nc\n}").fields({"b": Segment.arg, "c": Segment.flag, "d": Segment.arg})

    assert found == {"b": "1", "c": True}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a {\nbb 1\n}", 'a: unrecognized subdirective: bb; did you mean "b"?'),
        ("a {\nb 1 2\n}", "b takes one argument, got 2"),
        ("a {\nb\n}", "b takes one argument, got 0"),
        ("a {\nc 1\n}", "c takes no argument, got 1"),
    ],
)
def test_wrong_field_is_refused(text: str, message: str) -> None:
    """An unknown or malformed line is named, with the nearest known name."""
    with pytest.raises(CaddyfileError) as raised:
        line(text).fields({"b": Segment.arg, "c": Segment.flag})

    assert raised.value.message == message


def test_repeated_field() -> None:
    """Of lines with one name the last counts, or the second is refused: each as Caddy's does."""
    twice = line("a {\nb 1\nb 2\n}")

    assert twice.fields({"b": Segment.arg}) == {"b": "2"}
    with pytest.raises(CaddyfileError, match="a: b is given twice"):
        twice.fields_once({"b": Segment.arg})


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
