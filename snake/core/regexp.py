r"""Regular expressions as Caddy reads them: RE2's syntax and Go's replacement templates.

A pattern is translated for Python's `re` and refused when RE2 would refuse it
(look-around, back-references, possessive quantifiers), so that a config means
the same here and there. What the two spell alike but read differently is
rewritten: `\d \s \w \b` are ASCII, `$` is the end of the text and not before a
last newline, `(?i)` may stand anywhere, `{,3}` is literal.

Source: https://pkg.go.dev/regexp/syntax. Matching itself is Python's where that takes
no longer than the text is, and RE2's elsewhere, if it is installed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from functools import cache

from snake.core.backtracking import Backtracking
from snake.core.charsets import PERL, POSIX, Ranges, category, complement, folded, written
from snake.core.errors import SnakeError
from snake.core.linear import LinearMatch, LinearPattern, compile_linear

log = logging.getLogger("snake.regexp")

MAX_REPEAT = 1000
"""RE2's limit for the numbers in `{n,m}`."""

Match = re.Match[str] | LinearMatch
"""What was found."""

Pattern = re.Pattern[str] | LinearPattern
"""What searches."""

Expansion = Callable[[Match], str]
"""Fills a replacement template from one match."""


class RegexpError(SnakeError):
    """A pattern that RE2 would refuse."""


def compile_regexp(pattern: str) -> Pattern:
    """Compile an RE2 pattern. Raises `RegexpError` that says what is wrong with it.

    Python searches for it, unless that could take far longer than the text is long: then
    RE2 does, if it is installed.
    """
    translator = _Translator(pattern)
    translated = translator.translate()
    try:
        compiled = re.compile(translated)
    except (re.error, OverflowError, RecursionError) as error:
        raise RegexpError(f'invalid regular expression "{pattern}": {error}') from None
    if not translator.ways.is_harmful:
        return compiled
    try:
        linear = compile_linear(pattern)
    except ValueError as error:
        raise RegexpError(f'invalid regular expression "{pattern}": {error}') from None
    if linear is None:
        _warn(pattern)
    return linear or compiled


@cache
def _warn(pattern: str) -> None:
    log.warning(
        "this regular expression can take long for a text that is made for it; "
        'with the package google-re2 it cannot: pip install "snake-server[re2]"',
        extra={"fields": {"pattern": pattern}},
    )


def replace_all(regexp: Pattern, expansion: Expansion, text: str) -> str:
    """Replace every match in `text`, as Go's `ReplaceAllString`.

    An empty match that touches the match before it does not count, as it does
    in Python's `sub`.
    """
    parts: list[str] = []
    end = -1
    copied = 0
    for match in regexp.finditer(text):
        if match.start() == match.end() == end:
            continue
        parts += (text[copied : match.start()], expansion(match))
        end = copied = match.end()
    return "".join([*parts, text[copied:]])


_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")


def expand(template: str) -> Expansion:
    """Compile a replacement: `$1`, `${1}`, `$name`, `${name}`, and `$$` for a dollar sign.

    A name is as long as it can be (`$1x` is the group `1x`); a group that is
    not there or took no part is empty; any other `$` stands for itself.
    """
    parts: list[str | int] = []
    names: list[str | int] = []
    end = 0
    for found in _REFERENCE.finditer(template):
        parts.append(template[end : found.start()])
        names.append("$" if found[1] else _group(found[2] or found[3]))
        end = found.end()
    tail = template[end:]
    if not names:
        return lambda _: template
    literals: Sequence[str] = [str(part) for part in parts]

    def fill(match: Match) -> str:
        filled = (
            f"{text}{_value(match, name)}" for text, name in zip(literals, names, strict=True)
        )
        return "".join(filled) + tail

    return fill


def _group(name: str) -> str | int:
    canonical = name.isascii() and name.isdecimal() and (name == "0" or name[0] != "0")
    return int(name) if canonical else name


def _value(match: Match, name: str | int) -> str:
    if name == "$":
        return "$"
    try:
        return match[name] or ""
    except IndexError:
        return ""


_LINE_FEED: Ranges = ((10, 10),)
_REPEAT = re.compile(r"(?:[*+?]|\{(0|[1-9]\d*)(?:,(0|[1-9]\d*)?)?\})(\??)")
_OPEN = re.compile(r"\(\?(?:P?<(?P<name>[^>]*)>|(?P<flags>[a-zA-Z]*(?:-[a-zA-Z]+)?)(?P<end>[:)]))")
_ESCAPE = re.compile(
    r"\\(?:(?P<octal>0[0-7]{0,2}|[1-7][0-7]{1,2})|x(?P<hex>[0-9a-fA-F]{2})"
    r"|x\{(?P<long>[0-9a-fA-F]+)\}|(?P<control>[afnrtv])|(?P<literal>[^0-9A-Za-z]))",
    re.DOTALL,
)
_PROPERTY = re.compile(r"\\([pP])(?:\{(\^?)([^}]*)\}|([A-Za-z]))")
_CONTROL = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ANCHORS = {r"\A": r"\A", r"\z": r"\Z", r"\b": r"(?a:\b)", r"\B": r"(?a:\B)"}


def _bounds(repeat: re.Match[str]) -> tuple[int, int | None]:
    """Return how often at least and at most; `None` is any number of times."""
    low, high, _ = repeat.groups()
    if low is None:
        return (0 if repeat[0][0] in "*?" else 1), (1 if repeat[0][0] == "?" else None)
    if high is None and "," in repeat[0]:
        return int(low), None
    return int(low), int(high or low)


class _Translator:
    """Reads an RE2 pattern from left to right and writes Python's."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.flags = frozenset[str]()
        """Of `imsU`, those in force; a group ends with the flags that it began with."""
        self.outer: list[frozenset[str]] = []
        self.repeatable = False
        """Whether what was written last may be repeated."""
        self.ways = Backtracking()

    def fail(self, message: str) -> RegexpError:
        return RegexpError(f'invalid regular expression "{self.pattern}": {message}')

    def translate(self) -> str:
        while self.at < len(self.pattern):
            self.step()
        if self.outer:
            raise self.fail("missing closing )")
        return "".join(self.out)

    def step(self) -> None:
        match self.pattern[self.at]:
            case "(":
                self.open()
            case ")":
                self.close()
            case "|":
                self.ways.alternative()
                self.emit("|", repeatable=False)
            case "[":
                self.atom(*self.brackets(), 0)
            case "*" | "+" | "?" | "{":
                self.repeat()
            case "\\":
                self.escape()
            case "^" | "$" | ".":
                self.dot_or_anchor(self.pattern[self.at])
            case char:
                self.char(char)

    def dot_or_anchor(self, char: str) -> None:
        by_line = "m" in self.flags
        if char == ".":
            every = "s" in self.flags
            text = "(?s:.)" if every else r"[^\n]"
            self.atom(text, complement(() if every else _LINE_FEED))
        elif char == "$":
            self.ways.end(_LINE_FEED if by_line else ())
            self.anchor("(?m:$)" if by_line else _ANCHORS[r"\z"])
        else:
            self.anchor("(?m:^)" if by_line else _ANCHORS[r"\A"])
            if not by_line:
                self.ways.start()

    def emit(self, text: str, length: int = 1, *, repeatable: bool = True) -> None:
        self.out.append(text)
        self.at += length
        self.repeatable = repeatable

    def atom(self, text: str, ranges: Ranges, length: int = 1) -> None:
        fold = "i" in self.flags
        self.ways.atom(folded(ranges) if fold else ranges)
        self.emit(f"(?i:{text})" if fold else text, length)

    def char(self, char: str, length: int = 1) -> None:
        self.atom(re.escape(char), ((ord(char), ord(char)),), length)

    def anchor(self, text: str, length: int = 1) -> None:
        # Python repeats no anchor, but a group that holds one.
        self.emit(f"(?:{text})", length)

    def open(self) -> None:
        if not self.pattern.startswith("(?", self.at):
            self.outer.append(self.flags)
            self.ways.open()
            self.emit("(", repeatable=False)
            return
        found = _OPEN.match(self.pattern, self.at)
        if not found:
            raise self.fail(f"unsupported group {self.pattern[self.at : self.at + 4]}")
        if found["name"] is not None:
            self.outer.append(self.flags)
            self.ways.open()
            self.emit(f"(?P<{self.name(found['name'])}>", len(found[0]), repeatable=False)
            return
        flags = self.changed(found["flags"])
        if found["end"] == ":":
            self.outer.append(self.flags)
            self.ways.open()
        self.flags = flags
        self.emit("(?:" if found["end"] == ":" else "", len(found[0]), repeatable=False)

    def name(self, name: str) -> str:
        if not name.isidentifier():
            raise self.fail(f'invalid group name "{name}"')
        return name

    def changed(self, spec: str) -> frozenset[str]:
        on, _, off = spec.partition("-")
        if unknown := set(on + off) - set("imsU"):
            raise self.fail(f"unknown flag {min(unknown)}")
        return (self.flags | set(on)) - set(off)

    def close(self) -> None:
        if not self.outer:
            raise self.fail("unexpected )")
        self.flags = self.outer.pop()
        self.ways.close()
        self.emit(")")

    def repeat(self) -> None:
        found = _REPEAT.match(self.pattern, self.at)
        if not found:
            self.char("{")
            return
        if not self.repeatable:
            raise self.fail(f"{found[0]} has nothing to repeat")
        low, high, lazy = found.groups()
        if int(low or 0) > MAX_REPEAT or int(high or 0) > MAX_REPEAT:
            raise self.fail(f"{found[0]} repeats more than {MAX_REPEAT} times")
        self.ways.repeat(*_bounds(found))
        operator = found[0].removesuffix("?") if lazy else found[0]
        ungreedy = bool(lazy) != ("U" in self.flags)
        self.emit(operator + ("?" if ungreedy else ""), len(found[0]), repeatable=False)

    def escape(self) -> None:
        pair = self.pattern[self.at : self.at + 2]
        if pair in _ANCHORS:
            self.anchor(_ANCHORS[pair], 2)
            if pair == r"\A":
                self.ways.start()
            elif pair == r"\z":
                self.ways.end(())
        elif pair == r"\Q":
            self.quoted()
        elif (ranges := self.named_class()) is not None:
            self.atom(f"[{written(ranges)}]", ranges, 0)
        else:
            self.char(self.escaped_char(), 0)

    def quoted(self) -> None:
        text, _, _ = self.pattern[self.at + 2 :].partition(r"\E")
        for char in text:
            self.char(char)
        self.at = min(self.at + 4, len(self.pattern))

    def named_class(self) -> Ranges | None:
        r"""Read `\d`, `\PL`, `\p{^Lu}`, if one stands here."""
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter.lower() in PERL and letter:
            self.at += 2
            return PERL[letter] if letter in PERL else complement(PERL[letter.lower()])
        found = _PROPERTY.match(self.pattern, self.at)
        if not found:
            return None
        ranges = category(found[3] or found[4] or "")
        if ranges is None:
            raise self.fail(f"unknown or unsupported character class {found[0]}")
        self.at = found.end()
        return complement(ranges) if (found[1] == "P") != bool(found[2]) else ranges

    def escaped_char(self) -> str:
        found = _ESCAPE.match(self.pattern, self.at)
        if not found:
            raise self.fail(f"unsupported escape {self.pattern[self.at : self.at + 2]}")
        self.at = found.end()
        if found["literal"]:
            return found["literal"]
        if found["control"]:
            return _CONTROL[found["control"]]
        code = int(found["octal"], 8) if found["octal"] else int(found["hex"] or found["long"], 16)
        try:
            return chr(code)
        except (ValueError, OverflowError):
            raise self.fail(f"unsupported escape {found[0]}") from None

    def brackets(self) -> tuple[str, Ranges]:
        start = self.at
        self.at += 1
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        items: list[Ranges] = []
        while not items or not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                raise self.fail(f"missing closing ] of {self.pattern[start:]}")
            items.append(self.bracket_item())
        self.at += 1
        ranges = tuple(sorted(each for item in items for each in item))
        text = "".join(map(written, items))
        return (f"[^{text}]", complement(ranges)) if negated else (f"[{text}]", ranges)

    def bracket_item(self) -> Ranges:
        start = self.at
        if (ranges := self.posix_class()) is not None:
            return ranges
        if self.pattern[self.at] == "\\" and (ranges := self.named_class()) is not None:
            return ranges
        low = high = self.bracket_char()
        if self.pattern.startswith("-", self.at) and self.pattern[self.at + 1 : self.at + 2] != "]":
            self.at += 1
            high = self.bracket_char()
        if high < low:
            raise self.fail(f"invalid range {self.pattern[start : self.at]}")
        return ((ord(low), ord(high)),)

    def posix_class(self) -> Ranges | None:
        end = self.pattern.find(":]", self.at)
        if not self.pattern.startswith("[:", self.at) or end < 0:
            return None
        name = self.pattern[self.at + 2 : end]
        ranges = POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise self.fail(f"unknown character class [:{name}:]")
        self.at = end + 2
        return complement(ranges) if name.startswith("^") else ranges

    def bracket_char(self) -> str:
        if self.at >= len(self.pattern):
            raise self.fail("missing closing ]")
        if self.pattern[self.at] == "\\":
            return self.escaped_char()
        self.at += 1
        return self.pattern[self.at - 1]
