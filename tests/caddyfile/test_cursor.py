"""caddyfile.cursor and caddyfile.fields."""

from __future__ import annotations

import pytest

from snake.caddyfile.cursor import Cursor, read_block
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.fields import Fields, number, one_of, size_in_bytes, text, texts, time
from snake.caddyfile.parse import parse
from snake.caddyfile.segments import Segment
from snake.caddyfile.tokens import lex

TABLE = {
    "number": ("deep/number", number),
    "text": ("text", text),
    "texts": ("texts", texts),
    "time": ("deep/time", time),
    "size": ("size", size_in_bytes),
    "choice": ("choice", one_of("here", "there")),
    "flag": ("flag", Cursor.flag),
}


def line(source: str) -> Segment:
    """Return the first line of a Caddyfile."""
    return parse(lex(source, "Caddyfile"))[0]


def read(block: str) -> dict[str, object]:
    """Read a block by the table above."""
    fields = Fields()
    read_block(line(f"outer {{\n{block}\n}}").lines, fields.readers(TABLE), "outer")
    return fields.values


def test_fields() -> None:
    """A field has the value of the last line of its name, in its place."""
    assert read("number 1\nnumber 2\ntime 3ns\ntexts a b\nflag\nsize 1k\nchoice there") == {
        "deep": {"number": 2, "time": 3},
        "texts": ["a", "b"],
        "flag": True,
        "size": 1000,
        "choice": "there",
    }


def test_what_is_left_of_a_line_is_another() -> None:
    """A subdirective takes the words that it needs, and the next one may follow."""
    assert read("number 1 text number time 2ns") == {
        "deep": {"number": 1, "time": 2},
        "text": "number",
    }


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("numbr 1", 'outer: unrecognized subdirective: numbr; did you mean "number"?'),
        ("xyzzy", "outer: unrecognized subdirective: xyzzy"),
        ("number 1 2", "outer: unrecognized subdirective: 2"),
        ("number", "number takes an argument: nothing stands after 'number'"),
        ("texts", "texts takes an argument: nothing stands after 'texts'"),
        ("number x", 'number: "x" is no whole number'),
        ("number 1 {\n}", "number takes no block"),
        ("text a number 1 {\n}", "number takes no block"),
        ("flag a", "flag takes no more arguments, got a"),
        ("choice her", 'choice: her is not allowed; did you mean "here"?'),
    ],
)
def test_wrong_lines(block: str, message: str) -> None:
    """A word that nobody takes is refused, and so are braces."""
    with pytest.raises(CaddyfileError) as raised:
        read(block)
    assert raised.value.message == message


def test_hints() -> None:
    """A word that is nothing is told what there is, or what it comes after."""
    with pytest.raises(CaddyfileError) as raised:
        read("xyzzy")
    assert raised.value.hint == "outer knows: choice, flag, number, size, text, texts, time"
    with pytest.raises(CaddyfileError) as raised:
        read("number 1 2")
    assert "number has its arguments" in raised.value.hint


def test_block_comes_after_the_last_word() -> None:
    """Braces belong to whoever takes the last word."""
    cursor = Cursor(line("a b {\nc\n}"))
    assert cursor.block() == ()
    cursor.arg()
    assert [each.name for each in cursor.block()] == ["c"]
    assert cursor.block() == ()
    assert not cursor.turn()


def test_segment() -> None:
    """All that is left, with its braces, is a line that begins at the word taken last."""
    cursor = Cursor(line("a b c {\nd\n}"))
    cursor.arg()
    segment = cursor.segment()
    assert [str(word) for word in segment.words] == ["b", "c"]
    assert [each.name for each in segment.lines] == ["d"]
    assert not cursor.turn()


def test_fields_in_fields() -> None:
    """A field can be made, added to and looked for, whether or not it is there."""
    fields = Fields()
    assert fields.get("a/b/c") is None
    fields.make("a/b")
    fields.extend("a/list", [1])
    fields.extend("a/list", [2])
    fields.make("a/b")
    assert fields.values == {"a": {"b": {}, "list": [1, 2]}}
    assert fields.get("a/list") == [1, 2]
