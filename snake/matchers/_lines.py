"""The lines of one matcher in a set, and the words on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snake.core.ranges import spelled_out
from snake.http.captures import Capture
from snake.plugin import Segment, Token, Words, subdirectives


def each_line(lines: Sequence[Segment]) -> Iterator[Words]:
    """Yield the words of each line, which are to be taken before the next line is asked for.

    To Caddy, what is left of a line is another one, whatever its first word is. Rejects a
    block that was not taken.
    """
    for words in subdirectives(Segment((), tuple(lines))):
        words.name = lines[0].name
        yield words


def all_words(lines: Sequence[Segment]) -> tuple[str, ...]:
    """Return the words of all lines."""
    return tuple(word.text for line in each_line(lines) for word in line.all())


def read_ranges(words: Sequence[Token]) -> tuple[str, ...]:
    """Read ranges of IP addresses; `private_ranges` stands for several."""
    return spelled_out(word.text for word in words)


def read_captures(lines: Sequence[Segment], name: str) -> Iterator[tuple[Token, Capture]]:
    """Yield what stands on lines of `[<name>] <of what> <regexp>`.

    `name` is the one of an expression that has none of its own.
    """
    for line in each_line(lines):
        first, second = line.take(_EXPECTED), line.take(_EXPECTED)
        if line.has_arguments:
            of, pattern = second, line.take()
            yield of, Capture(first.text or name, pattern.text)
        else:
            yield first, Capture(name, second.text)


_EXPECTED = "what to search and a regular expression, and a name before them if it has one"
