"""Text to tokens: the words of one file, each with its place."""

from __future__ import annotations

import re
from collections.abc import Callable

from snake.caddyfile.grammar import TERMINALS, scanner
from snake.caddyfile.heredoc import heredoc_text, read_marker, refuse_unclosed
from snake.caddyfile.segments import Token

_IN_WORD = re.compile(r"[\\][^\S\x1c-\x1f]*(?:([\S\x1c-\x1f])|\Z)|\r")
"""In a word, a backslash is for the first character behind it that is no blank."""
_IN_QUOTES = re.compile(r"[\\]([\s\S]|\Z)")
_QUOTE = re.compile('(["`])')

_WORD, _NL = TERMINALS.index("WORD") + 1, TERMINALS.index("_NL") + 1


def lex(text: str, file: str) -> list[Token]:
    """Split Caddyfile text into its words. Raises `CaddyfileError`."""
    return _Lexer(text.removeprefix("\ufeff"), file).run()


class _Lexer:
    """Counts lines twice: as they are, and as Caddy counts them.

    Caddy's number of a line, the `row` of its words, tells which words stand on
    one line. A line that goes on behind a backslash is one row; the row below
    has a number that is higher by all of its lines.
    """

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._sources = [source.rstrip("\r") for source in text.split("\n")]
        self._tokens: list[Token] = []
        self._line = 1
        self._line_start = 0
        self._row = 1
        self._joined = 0
        """How many lines were joined to this row."""
        self._position = 0

    def run(self) -> list[Token]:
        """Read the whole text."""
        others: dict[int, Callable[[str, int], None]] = {
            number: getattr(self, f"_{name.lower()}")
            for number, name in enumerate(TERMINALS, start=1)
            if number != _NL
        }
        find = scanner().match
        while match := find(self._text, self._position):
            self._position = match.end()
            kind = match.lastindex or 0
            raw = match[kind]
            if kind == _WORD and "\\" not in raw and "\r" not in raw:
                self._add(raw, match.end() - len(raw))
            elif kind == _NL:
                count = raw.count("\n")
                self._line += count
                self._line_start = match.end()
                self._row += count + self._joined
                self._joined = 0
            else:
                others[kind](raw, match.end() - len(raw))
        return self._tokens

    def _add(self, text: str, at: int, quote: str = "") -> None:
        self._tokens.append(self._token(text, at, quote))

    def _token(self, text: str, at: int, quote: str = "") -> Token:
        line, row = self._line, self._row
        # A heredoc has two lines more than its text, says Caddy; an empty one has only one.
        end = row + text.count("\n") + 2 * (quote == "<")
        column, source = at - self._line_start + 1, self._sources[line - 1]
        return Token(text, self._file, line, quote, column, source, row, end)

    def _count_lines(self, raw: str, at: int) -> None:
        """Count the lines of a word that has several."""
        if count := raw.count("\n"):
            self._line += count
            self._line_start = at + raw.rindex("\n") + 1
            self._row += count + self._joined
            self._joined = 0

    def _join(self, raw: str, at: int) -> None:
        """Go on on the next line, if `raw` ends this one."""
        if raw.endswith("\n"):
            self._line += 1
            self._line_start = at + len(raw)
            self._joined += 1

    _comment = _continue = _stray = _join

    def _word(self, raw: str, at: int) -> None:
        self._add(_IN_WORD.sub(_unescaped, raw), at)
        self._join(raw, at)

    def _angles(self, raw: str, at: int) -> None:
        self._add(raw.replace("\r", ""), at)

    def _quoted(self, raw: str, at: int) -> None:
        escape, _, text = raw[:-1].partition('"')
        self._add(_IN_QUOTES.sub(_unquoted, escape[:1] + text), at, '"')
        self._count_lines(raw, at)

    def _raw(self, raw: str, at: int) -> None:
        self._add(raw[raw.index("`") + 1 : -1], at, "`")
        self._count_lines(raw, at)

    def _unclosed(self, raw: str, at: int) -> None:
        """Read what an unclosed quote has: a word, which does not count as quoted."""
        escape, quote, text = _QUOTE.split(raw, maxsplit=1)
        if quote == '"':
            text = _IN_QUOTES.sub(_unquoted, escape[:1] + text)
        if text:
            self._add(text, at)

    def _heredoc(self, raw: str, at: int) -> None:
        opening = self._token(raw.replace("\r", "")[:-1], at)
        marker = read_marker(opening)
        begin = at + len(raw)
        end = self._text.find(marker, begin)
        if begin == len(self._text):
            return
        if end < 0:
            last = self._row + self._joined + self._text.count("\n", at)
            refuse_unclosed(opening, marker, last)
        self._add(heredoc_text(opening, marker, self._text[begin:end]), at, "<")
        self._position = end + len(marker)
        self._count_lines(self._text[at : self._position], at)


def _unescaped(match: re.Match[str]) -> str:
    """Return what a word has of a backslash, the blanks behind it and a character."""
    if match[1] is None:
        return ""
    return "<" if match[1] == "<" else f"\\{match[1]}"


def _unquoted(match: re.Match[str]) -> str:
    """Return what quoted text has of a backslash and the character behind it."""
    return match[1] if match[1] in ('"', "") else match[0]
