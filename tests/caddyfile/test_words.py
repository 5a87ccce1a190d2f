"""caddyfile.words."""

from __future__ import annotations

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.read import read
from snake.caddyfile.segments import Segment
from snake.caddyfile.tokens import lex
from snake.caddyfile.words import Words, subdirectives, unchecked
from snake.core.units import duration

KNOWN = ("one", "two", "flag", "block")


def line(text: str) -> Segment:
    """Return the line `outer` with this block."""
    (options,) = read(f"{{\nouter {{\n{text}\n}}\n}}\n", "Caddyfile").sections
    return options.lines[0]


def names(text: str) -> list[str]:
    """Return the names in a block whose lines leave their arguments."""
    return [words.name for words in subdirectives(line(text), KNOWN)]


def only(text: str) -> Words:
    """Return the first subdirective of a block."""
    return next(subdirectives(line(text), KNOWN))


def test_what_is_left_of_a_line_is_the_next_subdirective() -> None:
    """Words that nobody takes begin a subdirective of their own."""
    assert names("one two\nflag") == ["one", "two", "flag"]


def test_a_brace_that_is_left_closes_the_block() -> None:
    """It ends its line, so what takes all of its words but that one ends the block."""
    text = "block {\none two }\nflag"

    assert [words.name for words in unchecked(line(text))] == [
        "block",
        "{",
        "one",
        "two",
        "}",
        "flag",
    ]


def test_a_brace_in_front_of_what_is_left_is_skipped() -> None:
    """It ends no line, so it closes nothing."""
    inner = Segment(tuple(lex("flag } one two", "Caddyfile")))

    assert [words.name for words in subdirectives(Segment((), (inner,)))] == ["flag", "one", "two"]


def test_unknown_names_are_refused() -> None:
    """So a superfluous argument is an unknown subdirective, and the nearest one is told."""
    with pytest.raises(CaddyfileError, match='unrecognized subdirective: fla; did you mean "flag"'):
        names("one fla")


def test_a_block_belongs_to_the_last_word() -> None:
    """Who takes the last word may take the block; otherwise it belongs to nobody."""
    found = []
    for words in subdirectives(line("one block {\ntwo\n}"), KNOWN):
        if words.name == "block":
            found = [each.name for each in subdirectives(words.block(), KNOWN)]
    assert found == ["two"]
    with pytest.raises(CaddyfileError, match="block takes no block"):
        names("one block {\ntwo\n}")


def test_block_after_an_argument_is_not_taken() -> None:
    """What stands between a name and a block is a subdirective that the block is of."""
    words = only("block two {\n}")

    assert words.has_arguments
    assert words.block().block is None
    left = words.left()
    assert left is not None
    assert left.name == "two"
    assert left.block == ()


def test_arguments_are_taken_in_turn() -> None:
    """Some take one, some take all."""
    words = only("one a b c")

    assert words.take().text == "a"
    assert [word.text for word in words.some("names")] == ["b", "c"]
    assert words.all() == ()
    assert words.left() is None
    with pytest.raises(CaddyfileError, match="one takes names"):
        words.some("names")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one", "one takes one argument, got 0"),
        ("one a b", "one takes one argument, got 2"),
    ],
)
def test_exactly_one(text: str, message: str) -> None:
    """One that takes exactly one argument refuses none and two."""
    with pytest.raises(CaddyfileError, match=message):
        only(text).only()


def test_exactly_two() -> None:
    """The number may be any."""
    assert [word.text for word in only("one a b").exactly(2)] == ["a", "b"]
    with pytest.raises(CaddyfileError, match="one takes 2 arguments, got 3"):
        only("one a b c").exactly(2)
    with pytest.raises(CaddyfileError, match="one takes a and b, got 1"):
        only("one a").exactly(2, "a and b")


def test_flag() -> None:
    """One that takes none refuses any."""
    only("flag").none()
    with pytest.raises(CaddyfileError, match="flag takes no argument, got x"):
        only("flag x").none()


def test_guest() -> None:
    """A module's line is all that is left, with its block."""
    words = only("one module a {\nb\n}")
    guest = words.guest()

    assert [guest.name, *guest.texts] == ["module", "a"]
    assert [inner.name for inner in guest.lines] == ["b"]
    assert words.left() is None


def test_values_are_read_where_they_stand() -> None:
    """What cannot be read is refused under its word, with the subdirective's name."""
    assert only("one 5s").value(duration) == 5_000_000_000
    with pytest.raises(CaddyfileError, match='one: invalid duration "5x"') as raised:
        only("one 5x").value(duration)
    assert raised.value.column == 5


def test_unchecked_names_are_all_words() -> None:
    """Where no name is refused, braces are names as any other, unless the block is taken."""
    found = [
        [words.name, *(word.text for word in words.all())]
        for words in unchecked(line("a b {\nc {\n}\n}\nd"))
    ]
    assert found == [["a", "b"], ["{"], ["c"], ["{"], ["}"], ["}"], ["d"]]

    names = []
    for words in unchecked(line("a b {\nc\n}\nd")):
        names.append(words.name)
        if words.name == "b":
            assert [inner.name for inner in words.block().lines] == ["c"]
    assert names == ["a", "b", "d"]
