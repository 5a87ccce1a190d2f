"""Facts about regular expressions: RE2's syntax, Go's replacements."""

from __future__ import annotations

import pytest

from snake.core.regexp import RegexpError, compile_regexp, expand, replace_all

REFUSED = [
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?<!a)",
    "(?>a)",
    "(?#note)",
    "(?x)a",
    r"(a)\1",
    r"\Z",
    r"\C",
    r"\y",
    r"\p{Greek}",
    "a**",
    "a++",
    "a*+",
    "*a",
    "a|*",
    "(",
    ")",
    "[a",
    "[",
    "[z-a]",
    "[[:nope:]]",
    "\\",
    "a{1001}",
    "a{3,2}",
    r"\x{110000}",
    "(?P<1>a)",
    "(?P<a>b)(?P<a>c)",
]

MATCHES = [
    (r"\d", "7", "٣"),
    (r"\w", "a", "é"),
    (r"\s", "\t", "\v"),
    (r"\S", "é", " "),
    (r"a$", "ba", "a\n"),
    (r"(?m)^a$", "b\na\nb", "ba"),
    (r"\Aa\z", "a", "a\n"),
    (r"^*a", "ba", "b"),
    ("a(?i)b|c", "xC", "Ab"),
    ("(?i:a)b", "Ab", "AB"),
    ("(?i)[a-c]x", "BX", "dx"),
    ("(?s)a.b", "a\nb", "ab"),
    ("a.b", "a b", "a\nb"),
    (r"a{,3}", "a{,3}", "aaa"),
    (r"a{2}", "aa", "a"),
    (r"\Qa.b*\E+c", "a.b**c", "axbc"),
    (r"\x41\x{42}\103\.", "ABC.", "ABCD"),
    ("[]a]", "]", "b"),
    ("[^]a]", "b", "]"),
    (r"[a\-z&&||/-]", "-", "b"),
    (r"[\D]", "x", "1"),
    (r"[[:^alpha:]]", "1", "x"),
    (r"\p{Lu}\PL", "Ä1", "ä1"),
    (r"\bé", "aé", "é"),
]


@pytest.mark.parametrize("pattern", REFUSED)
def test_refuses_what_re2_refuses(pattern: str) -> None:
    """A pattern that RE2 does not know is an error that shows the pattern."""
    with pytest.raises(RegexpError) as error:
        compile_regexp(pattern)

    assert str(error.value).startswith(f'invalid regular expression "{pattern}": ')


@pytest.mark.parametrize(("pattern", "yes", "no"), MATCHES)
def test_matches_as_re2(pattern: str, yes: str, no: str) -> None:
    """Classes are ASCII, `$` is the very end, flags may stand anywhere, `{,n}` is literal."""
    regexp = compile_regexp(pattern)

    assert regexp.search(yes)
    assert not regexp.search(no)


def test_ungreedy_flag_swaps_repeats() -> None:
    """Under `(?U)` a repeat is lazy, and greedy with `?`."""
    match = compile_regexp("(?U)(a+)(b+?)").search("aabb")

    assert match
    assert match.groups() == ("aa", "bb")
    assert [found[0] for found in compile_regexp("(?U)a+").finditer("aa")] == ["a", "a"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$1", "2024"),
        ("${1}x", "2024x"),
        ("$1x", ""),
        ("$y-$2", "2024-05"),
        ("${y}$0", "20242024-05"),
        ("$$1", "$1"),
        ("$9|$01|${nope}", "||"),
        ("$", "$"),
        ("a${b", "a${b"),
        ("$-", "$-"),
        ("plain", "plain"),
        ("$3", ""),
    ],
)
def test_expands_go_templates(template: str, expected: str) -> None:
    """A reference takes the longest name; what is not there is empty, other `$` are kept."""
    regexp = compile_regexp(r"(?P<y>\d{4})-(\d\d)(x)?")

    assert replace_all(regexp, expand(template), "2024-05") == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [("a*", "baac", "XbXcX"), ("", "ab", "XaXbX"), ("b", "abcb", "aXcX"), ("z", "abc", "abc")],
)
def test_ignores_empty_matches_beside_a_match(pattern: str, text: str, expected: str) -> None:
    """As in Go, an empty match that touches the match before it is not replaced."""
    assert replace_all(compile_regexp(pattern), expand("X"), text) == expected
