"""The layout of a Caddyfile. `tests/differential/test_fmt.py` compares it with Caddy's."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snake.caddyfile import format as layout
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.format import format_caddyfile, unformatted_line
from snake.caddyfile.read import read
from snake.caddyfile.segments import Segment
from snake.caddyfile.settled import has_placeholder, settled

SPACING = {
    "one space between words": ("a  b\t\tc", "a b c\n"),
    "no white space around": (" \n\n a \n\n ", "a\n"),
    "a tab for each block": ("a {\nb {\nc\n}\n}", "a {\n\tb {\n\t\tc\n\t}\n}\n"),
    "tabs stop at ten": ("{ " * 12 + "x", "".join("\t" * min(n, 10) + "{\n" for n in range(12))
                         + "\t" * 10 + "x\n"),
    "tabs beyond ten go": (
        "".join("\t" * n + "a\n" + "\t" * n + "b {\n" for n in range(12)) + "\t" * 12 + "c\n",
        "".join("\t" * min(n, 10) + "a\n" + "\t" * min(n, 10) + "b {\n" for n in range(12))
        + "\t" * 10 + "c\n"),
    "a block in ten closes one more": (
        "{\n" * 10 + "\t" * 10 + "a\n" + "\t" * 10 + "b {\n" + "\t" * 11 + "c\n"
        + "\t" * 10 + "}\nd\n",
        "".join("\t" * n + "{\n" for n in range(10))
        + "\t" * 10 + "a\n" + "\t" * 10 + "b {\n" + "\t" * 10 + "c\n" + "\t" * 9 + "}\n"
        + "\t" * 9 + "d\n"),
    "one empty line at most": ("a\n\n\n\nb", "a\n\nb\n"),
    "none after a brace": ("a {\n\n\nb\n\n\n}", "a {\n\tb\n}\n"),
    "line ends of Windows": ("a {\r\n\tb\r\n}\r\n", "a {\n\tb\n}\n"),
    "white space of Unicode": ("a\u00a0\u3000b\u2028c\x85", "a b c\n"),
    "control characters are none": ("a\x1fb \x1c", "a\x1fb \x1c\n"),
    "nothing": ("", "\n"),
    "only white space": (" \n\t", "\n"),
    "byte order mark is a word": ("\ufeffa", "\ufeffa\n"),
}  # fmt: skip

BRACES = {
    "ends its line": ("a\n{\nb\n}", "a {\n\tb\n}\n"),
    "in one line": ("a { b }", "a {\n\tb\n}\n"),
    "without a space": ("a{\nb\n}", "a {\n\tb\n}\n"),
    "alone": ("{\ndebug\n}", "{\n\tdebug\n}\n"),
    "after a block": ("a {\n}\n{\n}", "a {\n}\n\n{\n}\n"),
    "words after a block": ("a {\n} b", "a {\n}\n\nb\n"),
    "words after a block in one": ("a {\nb {\n} c\n}", "a {\n\tb {\n\t}\tc\n}\n"),
    "several": ("a {{{", "a {\n\t{\n\t\t{\n"),
    "never closed": ("a {", "a {\n"),
    "never opened": ("a } b", "a\n}\n\nb\n"),
    "of a placeholder": ("a {path} {$X:{$Y}}", "a {path} {$X:{$Y}}\n"),
    "of a placeholder before a block": ("{$X} {\n}", "{$X} {\n}\n"),
    "on the line after a placeholder": ("{$X}\n{\n}", "{$X}\n\n{\n}\n"),
    "in a word": ("a}b", "a\n}\n\nb\n"),
    "in a word, later": ("{x} a}b", "{x} a}b\n"),
    "after an import": ("import x\n{\n}", "import x\n{\n}\n"),
    "after an import and an empty line": ("import x\n\n{\n}", "import x {\n}\n"),
    "after an import and a comment": ("# c\nimport x\n{\n}", "# c\nimport x {\n}\n"),
    "after an import in a block": ("a {\nimport x\n{\n}\n}", "a {\n\timport x {\n\t}\n}\n"),
}

COPIED = {
    "comment": ("a   #  b  {  c", "a #  b  {  c\n"),
    "comment in a word": ("a#b  c", "a#b  c\n"),
    "comment in a block": ("a {\n#  b \n}", "a {\n\t#  b \n}\n"),
    "empty lines after a comment": ("#a\n\n\n\n\nb", "#a\n\n\nb\n"),
    "carriage return of a comment": ("#a\r\nb", "#a\r\nb\n"),
    "quotes": ('a "b  {\n }  c"  d', 'a "b  {\n }  c" d\n'),
    "quotes in quotes": (r'a  "b \"  c"  d', r'a "b \"  c" d' + "\n"),
    "quote in a word": ('a"b  c"', 'a"b c"\n'),
    "quotes never closed": ('a  "b  c', 'a "b  c\n'),
    "backtick in quotes": ('"`  "  `x  "`', '"`  " `x  "`\n'),
    "backticks": ("a  `b  {\n }  c`  d", "a `b  {\n }  c` d\n"),
    "backticks in a word": ("a`b  c`", "a`b  c`\n"),
    "backslash": ("a\\ \\{  \\}", "a\\ \\{ \\}\n"),
    "backslash at the end": ("a  \\", "a \\\n"),
}

HEREDOCS = {
    "text": ("a  <<E\n  b  {\n\tE  200", "a <<E\n  b  {\n\tE 200\n"),
    "line end of Windows makes it none": ("a <<E\r\n  b  c\r\nE", "a <<E\nb c\nE\n"),
    "marker with other characters": ("a <<E!\nb  c", "a <<E!\nb c\n"),
    "no marker": ("a <<\n  b", "a <<\nb\n"),
    "word after the marker": ("a <<E b\n  c", "a <<E b\nc\n"),
    "no space before": ("a<<E\n  b", "a<<E\nb\n"),
    "backslash before": ("a \\<<E\n  b", "a \\<<E\nb\n"),
    "marker in a line": ("<<E\n  xE  y", "<<E\n  xE y\n"),
    "marker at the start of a word": ("<<E\n  Ex\n  E", "<<E\n  Ex\n  E\n"),
    "never closed": ("<<E\n  b  {", "<<E\n  b  {\n"),
    "quote in the marker": ('<<"E"\nb  c', '<<"E"\nb c\n'),
}

ODD = {
    "space after <": ("a < b", "a <b\n"),
    "space after a word that ends in <": ("a< b", "a<b\n"),
    "two < become a heredoc": ("a < <E\n  b", "a <<E\n  b\n"),
    "backtick on a new line": ("a\n`b`", "a `b\n`\n"),
    "backtick in a new block": ("a {\n`b`\n}", "a  `b\n{`\n}\n"),
    "backslash on a new line": ("a\n\\bc", "a \\b\nc\n"),
    "backslash in backticks": ("`\\`  b`", "`\\`  b`\n"),
    "semicolon after a block": ("a {\n};", "a {\n}\n\n;\n"),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(*case, id=name)
        for table in (SPACING, BRACES, COPIED, HEREDOCS, ODD)
        for name, case in table.items()
    ],
)
def test_layout(text: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """White space and braces are where Caddy puts them, and all else is copied."""
    assert format_caddyfile(text) == expected
    monkeypatch.setattr(layout, "LARGE", 0)
    assert format_caddyfile(text) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\xff b", "a\ufffd b\n"),
        (b"a\xe2\x82 b", "a\ufffd\ufffd b\n"),
        (b'"\xed\xa0\x80"', '"\ufffd\ufffd\ufffd"\n'),
    ],
)
def test_each_byte_that_is_no_utf8_is_replaced(data: bytes, expected: str) -> None:
    """A byte, and not a run of them, becomes U+FFFD, as in Go."""
    text = data.decode("utf-8", "surrogateescape")

    assert format_caddyfile(text) == expected
    assert unformatted_line(text) == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n", None),
        ("a {\n\tb\n}\n", None),
        ("a {\r\n\tb\r\n}\r\n", None),
        ("\n", None),
        ("", 1),
        (" ", 1),
        ("\n\n", 2),
        ("a", 1),
        ("a\nb", 2),
        ("a\n\n", 2),
        ("a\n\n\nb\n", 3),
        ("\na\n", 1),
        ("a {\n\tb\n  c\n}\n", 3),
        ("a {\n\tb\n\tc \n}\n", 3),
        ("a{\n}\n", 1),
        ("a\n{\n}\n", 1),
        ("\\a\n", None),
        ("}\n", None),
        ("a {", 1),
        ("a {\n", None),
        ('"a\n  b', 2),
        ("#a\r\n", None),
    ],
)
def test_first_line_that_changes_is_found(text: str, line: int | None) -> None:
    """A text that ends too early or too late changes where it ends."""
    assert unformatted_line(text) == line


TEXTS = [case[0] for table in (SPACING, BRACES, COPIED, HEREDOCS, ODD) for case in table.values()]
PIECES = [
    *("a {", "}", "{", " ", "\n", "\t", "{x}", "x y", "import z", "\n\n", "\n\t", " {\n\t", "\n}"),
    *('"q {"', "`", "\\.a", "#c", "\n\t#c {\n", "<<E\n", "E\n", "<", "\r\n", "\xa0", '"', "\\"),
]
texts = st.lists(st.sampled_from(PIECES + TEXTS), max_size=30).map("".join)
bounded = settings(max_examples=200, deadline=None, derandomize=True)


@bounded
@given(texts)
def test_what_is_settled_is_not_read_otherwise(text: str) -> None:
    """Lines that are found many at a time come out as they do bit by bit."""
    settling, expected = format_caddyfile(text), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "LARGE", 0)
        expected = [format_caddyfile(text), format_caddyfile(settling)]
    assert expected == [settling, format_caddyfile(settling)]


@pytest.mark.parametrize(
    ("lines", "rest"),
    [
        ('\nb c\n\nd {x}y "{ #" \\.z\n# c {\ne {\n\tf {\n\t\tg\n\t}\n}', "\nh  i"),
        ("\nb", "\nimport c"),
        ("\nb", "\n\n\nc"),
        ("\nb", "\n#c\n\td"),
        ("\nb", "\nc {\n\n\td\n}\n"),
        ("\nb", "\nc {\n\td\n\n}\n"),
        ("\nb", "\nc {\n\td\n#e\n}\n"),
        ("\nb", "\nc {\n\td\n} e\n"),
        ("\nb", "\n`c`\n"),
        ("\nb", "\n\\c\n"),
        ("\nb", "\nc <d\n"),
    ],
)  # fmt: skip
def test_settled_lines(lines: str, rest: str) -> None:
    """They end before the first line that may be read or written in another way."""
    match = settled(0).match(f"{lines}{rest}\n")

    assert match is not None
    assert match[0] == lines


def test_settled_lines_know_their_last_brace() -> None:
    """A placeholder counts when no block begins after it; one in quotes or a comment is none."""
    assert has_placeholder("\na") is None
    assert has_placeholder('\na "{x}"\n# {\nb') is None
    assert has_placeholder("\na {x}\nb") is True
    assert has_placeholder("\na {x}\nb {\n\tc\n}") is False
    assert has_placeholder("\na {\n\tb {c}\n}") is True


NAMES = ["a", "respond", "@m", "{x}", "a{x}b", "http://a.com", '"q"', "a<b", "<b", "*.a"]
ARGUMENTS = [*NAMES, '"q  {"', '"of\n  {two\n\tlines"', "`b  {\n}`", "\\.php", "a\\ b", r'"q\"  q"']
HEREDOC = " <<E\n  text  {\n  ` \\\n  E"
gaps = st.sampled_from([" ", "  ", "\t", " \t "])
breaks = st.sampled_from(
    ["\n", "\n\n", "\n\n\n\n", "\n   ", "\n\t", " \n", "\n#c  {\n", "\n# `c\n\n"]
)
words = st.lists(st.tuples(gaps, st.sampled_from(ARGUMENTS)).map("".join), max_size=3)
name_and_words = st.tuples(st.sampled_from(NAMES), words.map("".join))
lines = st.tuples(name_and_words.map("".join), st.sampled_from(["", HEREDOC])).map("".join)


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return lines with these lines in braces."""
    within = st.lists(st.tuples(breaks, inner).map("".join), max_size=3).map("".join)
    parts = (name_and_words.map("".join), gaps, st.just("{"), within, breaks, st.just("}"))
    return st.tuples(*parts).map("".join)


items = st.recursive(lines, blocks, max_leaves=8)
well_formed = st.lists(st.tuples(items, breaks).map("".join), min_size=1, max_size=3).map("".join)


def meaning(text: str) -> list[Any]:
    """Return what lines of a site mean: words, whether each is quoted, and what is in braces."""

    def nested(segments: Iterable[Segment]) -> list[Any]:
        return [
            ([(word.text, word.quoted) for word in each.words], nested(each.lines))
            for each in segments
        ]

    sections = read(f"site {{\n{text}\n}}\n", "Caddyfile").sections
    return [nested(section.lines) for section in sections]


@bounded
@given(well_formed)
def test_meaning_stays(text: str) -> None:
    """A text of the usual forms means the same when it is formatted."""
    assert meaning(format_caddyfile(text)) == meaning(text)


@bounded
@given(well_formed.filter(lambda text: "<<" not in text))
def test_meaning_stays_with_line_ends_of_windows(text: str) -> None:
    """They become others, and that is all."""
    windows = text.replace("\n", "\r\n")

    assert meaning(format_caddyfile(windows)) == meaning(windows)


@bounded
@given(well_formed)
def test_formatting_twice_changes_nothing(text: str) -> None:
    """A text of the usual forms is in its last form at once, and no warning is given for it."""
    once = format_caddyfile(text)

    assert format_caddyfile(once) == once
    assert unformatted_line(once) is None


@pytest.mark.parametrize("text", ["a {\n`b`\n}", "a {\n\\b", "a\n\\<<", "{$X}\n}}", "a<\n<E\n  b"])
def test_formatting_twice_may_change_what_formatting_broke(text: str) -> None:
    """Lines that begin with ` or backslash, a `}` too many, and a lone `<` are not stable."""
    once = format_caddyfile(text)

    assert format_caddyfile(once) != once


@pytest.mark.parametrize(
    "text", ["a\n`b`", "a\n\\b c", "a < b", "a b}", "a b{", "a <<E\r\n  b  c\r\n  E"]
)
def test_formatting_may_change_the_meaning(text: str) -> None:
    """As Caddy's does: of those, of a brace that touches a word, of a heredoc with CRLF."""
    before = meaning(text)

    try:
        after = meaning(format_caddyfile(text))
    except CaddyfileError:
        return
    assert after != before


@pytest.mark.parametrize(
    "text",
    ["a {b} " * 10_000, "{ " * 10_000, "} " * 10_000, '"a\\" ' * 10_000, "a\n`{ \\<" * 10_000,
     "<<E\n" * 10_000, "< " * 10_000, "a\n" + "#c\n" * 10_000 + "\\x", "a\n" + "b {\n" * 10_000,
     ("a {\n\tb {\n\t\tc\n\t}\n\t\\d\n}\n") * 2_000],
    ids=range(10),
)  # fmt: skip
def test_long_texts_take_no_more_than_their_length(text: str) -> None:
    """Eight times the text takes about eight times as long, whatever it is made of."""
    short = text[: len(text) // 8]
    times = [min(_seconds(each) for _ in range(3)) for each in (short, text)]

    assert times[1] < 24 * times[0] + 0.05


def _seconds(text: str) -> float:
    begin = time.process_time()
    format_caddyfile(text)
    return time.process_time() - begin
