"""examples/wsgi."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.examples.example import example


def test_wsgi_counts_line_by_line(tmp_path: Path) -> None:
    """The app reads its body by lines, with a length or in chunks, and answers each."""

    def chunks() -> Iterator[bytes]:
        yield b"one two\nthr"
        yield b"ee\n"

    with example("wsgi", tmp_path) as served:
        usage = served.get("/")
        counted = served.post("/", content=b"one two three\n\nfour\n")
        chunked = served.post("/", content=chunks())

    assert usage.text == "POST a text to count its words.\n"
    assert counted.text == "3\n0\n1\n"
    assert chunked.text == "2\n1\n"
