"""caddyfile.fields."""

from __future__ import annotations

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.fields import (
    Fields,
    flag,
    number,
    one_of,
    read_block,
    size_in_bytes,
    text,
    texts,
    time,
)
from snake.caddyfile.read import read as read_text
from snake.caddyfile.segments import Segment

TABLE = {
    "number": ("deep/number", number),
    "text": ("text", text),
    "texts": ("texts", texts),
    "time": ("deep/time", time),
    "size": ("size", size_in_bytes),
    "choice": ("choice", one_of("here", "there")),
    "flag": ("flag", flag),
}


def line(source: str) -> Segment:
    """Return the first line of a site."""
    return read_text(f":80 {{\n{source}\n}}", "Caddyfile").sections[0].lines[0]


def read(block: str) -> dict[str, object]:
    """Read a block by the table above."""
    fields = Fields()
    read_block(line(f"outer {{\n{block}\n}}"), fields.readers(TABLE))
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
        ("number", "number takes an argument"),
        ("texts", "texts takes an argument"),
        ("number x", 'number: "x" is no whole number'),
        ("number 1 {\n}", "number takes no block"),
        ("@x", "outer: unrecognized subdirective: @x"),
        ("text a number 1 {\n}", "number takes no block"),
        ("flag a", "flag takes no argument, got a"),
        ("choice her", 'choice: her is not allowed; did you mean "here"?'),
    ],
)
def test_wrong_lines(block: str, message: str) -> None:
    """A word that nobody takes is refused, and so are braces."""
    with pytest.raises(CaddyfileError) as raised:
        read(block)
    assert raised.value.message == message


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


def test_names_with_an_at() -> None:
    """The reader called `@` reads all whose names begin so."""
    seen = []
    lines = line("outer {\n@a b\n@c\n}")
    read_block(lines, {"@": lambda words: seen.append((words.name, len(words.all())))})
    assert seen == [("@a", 1), ("@c", 0)]
