"""The layout of a Caddyfile, to the byte as `caddy fmt` writes it.

The text is read once, from its start to its end. Words, comments, quoted text
and heredocs are copied. White space and braces are not: they are taken note of,
and written when it is known what comes after them.

White space is a `gap`, with the `breaks` (line ends) in it. The next word writes
it out: one space, or up to two line ends and a tab for each block around it.

A `{` is held, for its meaning shows in what follows. White space, another `{` or
the end of the text make it open a block; then it ends its line. Anything else
makes it a part of a word, as in `{path}`, and so is the `}` that belongs to it.
Every other `}` closes a block, and has a line of its own.

What is formatted must be formatted for Caddy too, and the other way around.
So it is Caddy's layout even where that is a mistake:

- After a `<` that ends a word or is one, a gap without line ends is lost, and
  `< <` becomes `<<`: a heredoc, if a line end follows the word.
- What begins with a backtick or a backslash does not write the gap's line ends.
  They come with the next character that is neither escaped nor in backticks.
  A held brace waits likewise.
- A backslash escapes in backticks too. A comment begins at any `#`.
- Once a word has had a `{`, a `}` in a word no longer closes a block, until the
  next block opens.
- A heredoc ends where its marker stands before white space, even within a line.
- The brace after a line ends that line, unless this is an `import` outside of
  blocks, and the line before it no comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum, auto
from itertools import takewhile
from typing import ClassVar

from snake.caddyfile.settled import DEEPEST, LARGE, has_placeholder, settled

_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""White space as Go has it."""

_MOST_BREAKS = 2

_NO_TEXT = re.compile("[\ud800-\udfff]")
_GAP = re.compile(f"[{_SPACE}]+")
_NO_GAP = re.compile(f"[^{_SPACE}]*")
_WORD = re.compile(rf"[^{_SPACE}\\`{{}}#]+")
_TO_QUOTE = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*\\?"?', re.DOTALL)
_TO_BACKTICK = re.compile(r"[^`\\]*(?:\\.[^`\\]*)*\\?", re.DOTALL)
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_MARKER = re.compile(r"[A-Za-z0-9_-]+")


def format_caddyfile(text: str) -> str:
    """Return Caddyfile text in its usual layout. Any text has one; none is refused.

    Each byte that is no UTF-8, which is a lone surrogate when it was decoded with
    `surrogateescape`, becomes the character for that, U+FFFD.
    """
    return "".join(_Layout(text).parts())


def unformatted_line(text: str) -> int | None:
    """Return the first line that formatting would change; `None` when there is none.

    Line ends of Windows do not count as a difference. No more is read than up to that line.
    """
    text = text.replace("\r\n", "\n")
    same = 0
    for part in _Layout(text).parts():
        if not text.startswith(part, same):
            pairs = zip(part, text[same : same + len(part)], strict=False)
            same += sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            return text.count("\n", 0, same) + 1
        same += len(part)
    return None if same == len(text) else text.count("\n", 0, same) + 1


class _Brace(Enum):
    """What became of the last `{`."""

    DONE = auto()
    """It opened a block, or there was none."""
    HELD = auto()
    """It is not written yet."""
    IN_WORD = auto()
    """It went into a word."""


class _Layout:
    def __init__(self, text: str) -> None:
        self._text = _NO_TEXT.sub("\ufffd", text).strip(_SPACE)
        self._is_large = len(text) > LARGE
        self._written: list[str] = []
        self._last = ""  # the last character written
        self._gap = True  # whether white space was the last that was read
        self._breaks = 0
        self._fresh = True  # whether the line has nothing yet, or only a `}`
        self._depth = 0
        self._brace = _Brace.DONE
        self._brace_gap = False  # whether a gap came before the held brace, within its line
        self._brace_alone = False  # whether a line end did
        self._no_heredoc = False  # whether there was a `\<`, since the last gap
        self._word = ""
        self._first = ""  # the first word of the line that was read
        self._after_import = False

    def parts(self) -> Iterator[str]:
        """Read the text; yield what is written, bit by bit."""
        at, end = 0, len(self._text)
        while at < end:
            char = self._text[at]
            read = self._READERS.get(char, _Layout._plain)
            if self._gap and self._last == "<":
                self._gap = False
                if char == "<" and not self._no_heredoc:
                    read = _Layout._heredoc
            at = read(self, at)
            yield from self._written
            self._written.clear()
        if self._brace is _Brace.HELD:
            self._open_block()
        elif self._last != "\n":
            self._break()
        yield from self._written

    # One method for what can come next. Each takes where it begins, and returns where it ends.

    def _white(self, at: int) -> int:
        is_even = not self._gap and not self._breaks and self._brace is not _Brace.HELD
        if is_even and self._is_large:
            lines = settled(self._depth).match(self._text, at)
            if lines:
                return self._keep(lines[0], lines.end())
        end = self._end(_GAP, at)
        self._end_word()
        self._gap = True
        self._no_heredoc = False
        breaks = self._text.count("\n", at, end)
        for _ in range(min(breaks, _MOST_BREAKS)):
            self._end_line()
        self._breaks += breaks
        return end

    def _keep(self, lines: str, end: int) -> int:
        """Copy whole lines that are as they should be."""
        self._write(lines)
        self._word = self._first = ""
        self._fresh = lines.endswith(f"\n{chr(9) * self._depth}}}")
        self._no_heredoc = False
        in_word = has_placeholder(lines)
        if in_word is not None:
            self._brace = _Brace.IN_WORD if in_word else _Brace.DONE
        return end

    def _plain(self, at: int) -> int:
        end = self._end(_WORD, at)
        self._put(self._text[at:end])
        return end

    def _angle(self, at: int) -> int:
        if not self._gap:
            return self._plain(at)
        self._put("<")
        self._gap = True  # as long as a second one may come
        return at + 1

    def _heredoc(self, at: int) -> int:
        """Read on from the second `<`."""
        text = self._text
        end = self._end(_NO_GAP, at)
        self._write(text[at:end])
        if not text.startswith("\n", end):
            return end
        marker = text[at + 1 : end]
        if not _MARKER.fullmatch(marker):
            self._break()
            return end + 1
        return self._copy(end, _after_marker(text, marker, end + 1))

    def _quoted(self, at: int) -> int:
        if not self._gap:
            return self._plain(at)
        self._put('"')
        return self._verbatim(at + 1, self._end(_TO_QUOTE, at + 1))

    def _backticks(self, at: int) -> int:
        if self._gap and not self._fresh:
            self._write(" ")
        self._gap = False
        end = self._verbatim(at, self._end(_TO_BACKTICK, at + 1))
        if end < len(self._text):
            self._put("`")
        return end + 1

    def _escape(self, at: int) -> int:
        if self._gap and self._last:
            self._write(" ")
        self._gap = False
        return self._verbatim(at, min(at + 2, len(self._text)))

    def _comment(self, at: int) -> int:
        self._put("#")
        end = self._text.find("\n", at)
        if end < 0:
            return self._copy(at + 1, len(self._text))
        self._copy(at + 1, end)
        self._break()
        self._gap = True
        return end + 1

    def _open(self, at: int) -> int:
        if self._brace is _Brace.HELD:
            self._open_block()
        self._brace = _Brace.HELD
        self._brace_gap = self._gap and not self._fresh
        self._brace_alone = self._breaks > 0
        self._gap = False
        self._end_word()
        if self._brace_gap and not self._breaks:
            self._write(" ")
        return at + 1

    def _close(self, at: int) -> int:
        if self._gap and self._brace is _Brace.HELD:
            self._open_block()
        if not self._gap and self._brace is not _Brace.DONE:
            self._put("}")
            return at + 1
        self._gap = False
        self._end_word()
        if self._last not in ("", "\n"):
            self._break()
        self._depth = max(0, self._depth - 1)
        self._indent()
        self._write("}")
        self._breaks = 0
        return at + 1

    # What is written.

    def _put(self, text: str) -> None:
        """Write a word or the rest of one, after the gap and the brace that wait for it."""
        if self._gap and self._brace is _Brace.HELD:
            self._open_block()
        for _ in range(min(self._breaks, _MOST_BREAKS)):
            self._break()
        self._breaks = 0
        if self._fresh:
            self._indent()
            self._part_blocks()
        elif self._gap:
            self._write(" ")
        if self._brace is _Brace.HELD:
            self._write("{")
            self._brace = _Brace.IN_WORD
        self._word += text
        self._write(text)
        self._gap = self._fresh = False

    def _open_block(self) -> None:
        self._part_blocks()
        if self._brace_alone and self._after_import:
            if self._last != "\n":
                self._break()
            self._indent()
        elif self._fresh:
            self._indent()
        elif not self._brace_gap or self._last not in _SPACE:
            self._write(" ")
        self._write("{")
        self._break()
        self._brace = _Brace.DONE
        self._breaks = 0
        self._depth = min(self._depth + 1, DEEPEST)

    def _part_blocks(self) -> None:
        """Leave a line empty after a block that nothing is around."""
        if self._depth == 0 and self._last == "}":
            self._break()
            self._break()

    def _break(self) -> None:
        self._write("\n")
        self._fresh = True

    def _indent(self) -> None:
        self._write("\t" * self._depth)

    def _verbatim(self, at: int, end: int) -> int:
        """Copy text with escapes in it."""
        text = self._text[at:end]
        if "\\<" in text and "<" in _ESCAPED.findall(text):
            self._no_heredoc = True
        return self._copy(at, end)

    def _copy(self, at: int, end: int) -> int:
        self._write(self._text[at:end])
        return end

    def _write(self, text: str) -> None:
        if text:
            self._written.append(text)
            self._last = text[-1]

    # What was read.

    def _end(self, pattern: re.Pattern[str], at: int) -> int:
        match = pattern.match(self._text, at)
        assert match is not None  # noqa: S101  (the character at `at` chose the pattern)
        return match.end()

    def _end_word(self) -> None:
        self._first = self._first or self._word
        self._word = ""

    def _end_line(self) -> None:
        if self._first:
            self._after_import = self._depth == 0 and self._first == "import"
        elif self._brace is not _Brace.HELD or not self._brace_alone:
            self._after_import = False
        self._first = ""

    _READERS: ClassVar[dict[str, Callable[[_Layout, int], int]]] = {
        **dict.fromkeys(_SPACE, _white),
        "<": _angle,
        '"': _quoted,
        "`": _backticks,
        "\\": _escape,
        "#": _comment,
        "{": _open,
        "}": _close,
    }


def _after_marker(text: str, marker: str, at: int) -> int:
    """Return where the first `marker` ends that has white space behind it, or else the text."""
    while (at := text.find(marker, at)) >= 0:
        end = at + len(marker)
        if text[end : end + 1] in _SPACE:
            return end
        at += 1
    return len(text)
