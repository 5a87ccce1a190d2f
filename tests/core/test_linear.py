"""Searching in linear time: which patterns need it, and that it finds what Python finds."""

from __future__ import annotations

import re
import time
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snake.core import regexp
from snake.core.linear import LinearPattern, compile_linear
from snake.core.regexp import RegexpError, compile_regexp, expand, replace_all

pytestmark = pytest.mark.skipif(find_spec("re2") is None, reason="needs the extra re2")

HARMLESS = [
    r"^/api/(\w+)/(\d+)$",
    r"^/(\w+)(/.*)?$",
    r"^/api(/.*)?$",
    r"\.(jpe?g|png|gif)$",
    r"\.(\w+)$",
    r"/(\d+)/",
    r"^.*\.php$",
    r"^foo.*bar$",
    r"^/([^/]+)/([^/]+)/?$",
    r"^(\w+|x)/y",
    r"^a*b*c*$",
    r"^\s*(\S+)\s*$",
    r"(?i)bot|crawler|spider",
    r"(?i)^[a-z]+-k\w*",
    r"\d+",
    r"^v\d{1,3}\.\d{1,3}$",
    "",
]
HARMFUL = [
    r"(a+)+$",
    r"^(a|a)*$",
    r"^(\w+/)*$",
    r"^(.*)-(.*)-x$",
    r"^\w+\w*$",
    r"\d+x",
    r"foo.*bar",
    r"x*$",
    r"^a?a?a?a?a?a?a?a?a?a?a",
    r"(?m)^\w+:",
    r"(?i)^([a-z]+)k(.*)x",
    r"a+|b",
    r"(a{1,30}){1,30}x",
]


@pytest.mark.parametrize("pattern", HARMLESS)
def test_python_searches_where_it_is_quick(pattern: str) -> None:
    """What cannot be slow is not given to RE2, which takes longer for it."""
    assert isinstance(compile_regexp(pattern), re.Pattern)


@pytest.mark.parametrize("pattern", HARMFUL)
def test_re2_searches_where_python_would_be_slow(pattern: str) -> None:
    """What Python backtracks over is searched for by RE2."""
    assert isinstance(compile_regexp(pattern), LinearPattern)


@pytest.mark.parametrize("pattern", HARMFUL + HARMLESS)
@pytest.mark.parametrize("text", ["a", "a/", "1", "ab", "-", "x", "foo", "k-"])
def test_long_text_takes_no_time(pattern: str, text: str) -> None:
    """However a text of the longest header is made, all patterns are through with it at once."""
    search = compile_regexp(pattern).search
    start = time.process_time()
    search(text * (16_384 // len(text)) + "!")

    assert time.process_time() - start < 0.25


def test_python_searches_without_re2(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where RE2 is not installed, a warning says what can be slow."""
    monkeypatch.setattr(regexp, "compile_linear", lambda _: None)
    compiled = compile_regexp("(b+)+$")

    assert isinstance(compiled, re.Pattern)
    assert "google-re2" in caplog.text


ATOMS = ["a", "b", "ä", ".", "[ab]", "[^a]", r"\w", "/", "(a|b)", "(?:ab)", "(?P<x>b)?", "^", "$"]
PATTERNS = st.lists(
    st.tuples(st.sampled_from(ATOMS), st.sampled_from(["", "*", "+", "?", "{2}"])),
    min_size=1,
    max_size=5,
)


@given(parts=PATTERNS, text=st.text("ab/ä\n", max_size=12))
@settings(max_examples=400, deadline=None)
def test_both_find_the_same(parts: list[tuple[str, str]], text: str) -> None:
    """Matches, groups and places are equal, with whoever searches."""
    pattern = "".join(
        atom if atom in "^$" or (repeat and atom.endswith("?")) else atom + repeat
        for atom, repeat in parts
    )
    pattern = re.sub(r"\(\?P<x>b\)", lambda _: "(b)", pattern, count=pattern.count("<x>") - 1)
    linear = compile_linear(pattern)
    plain = regexp._Translator(pattern).translate()  # noqa: SLF001
    found = [(m.start(), m.end(), m.groups("")) for m in re.finditer(plain, text)]

    assert linear is not None
    # Go and Python differ in empty matches that touch another; `replace_all` leaves them out.
    assert _apart([(m.start(), m.end(), m.groups("")) for m in linear.finditer(text)]) == _apart(
        found
    )


def _apart(found: list[tuple[int, int, tuple[str, ...]]]) -> list[tuple[int, int, tuple[str, ...]]]:
    kept: list[tuple[int, int, tuple[str, ...]]] = []
    for match in found:
        if not (match[0] == match[1] and kept and kept[-1][1] == match[0]):
            kept.append(match)
    return kept


def test_bytes_that_are_no_text() -> None:
    """A byte that is no UTF-8 is one character, and groups have it as it came."""
    found = compile_regexp("(.*)x(.*)x").search("\udcffax\udcfeäx")

    assert found is not None
    assert found.groups("") == ("\udcffa", "\udcfeä")
    assert (found.start(), found.end()) == (0, 6)


def test_too_large_a_pattern_is_refused() -> None:
    """What RE2 will not have is refused, as in Go."""
    with pytest.raises(RegexpError, match="invalid regular expression"):
        compile_regexp("(a{1,50}){1,50}x")


def test_groups() -> None:
    """Groups are had by number and by name; one that took no part is none."""
    found = compile_regexp("(?P<all>(a+)+)(?P<none>b)?$").search("xaa")

    assert found is not None
    assert (found[0], found["all"], found[2], found["none"], found[3]) == (
        "aa",
        "aa",
        "aa",
        None,
        None,
    )
    assert found.groupdict("") == {"all": "aa", "none": ""}
    with pytest.raises(IndexError):
        found["other"]


def test_replacement() -> None:
    """Templates are filled from what RE2 found."""
    assert replace_all(compile_regexp("(a+)+x"), expand("<$1>"), "äaax-ax") == "ä<aa>-<a>"
    assert replace_all(compile_regexp("(ä*)*"), expand("-"), "bäb") == "-b-b-"
