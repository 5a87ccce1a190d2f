"""Globs as Go's path.Match reads them."""

from __future__ import annotations

import pytest

from snake.core.glob import compile_glob


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("abc", "abc", True),
        ("*", "abc", True),
        ("*c", "abc", True),
        ("a*", "ab/c", False),
        ("a*/b", "abc/b", True),
        ("a*b*c*d*e*/f", "axbxcxdxe/f", True),
        ("a*b?c*x", "abxbbxdbxebxczzy", False),
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False),
        ("ab[^c]", "abc", False),
        ("ab[^e-g]", "abc", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "ab", False),
        ("a?b", "a☺b", True),
        ("a[^a]b", "a☺b", True),
        ("[a-é]*", "è", True),
        ("a?b", "a/b", False),
        ("a*b", "a/b", False),
        ("[\\]a]", "]", True),
        ("[\\-]", "-", True),
        ("[x\\-]", "-", True),
        ("[d-b]", "c", False),
        ("[^d-b]", "c", True),
        ("[]a]", "]", False),
        ("[-]", "-", False),
        ("[x-]", "x", False),
        ("[a-b-c]", "a", False),
        ("[", "a", False),
        ("[^", "a", False),
        ("a[", "a", False),
        ("\\", "a", False),
        ("*x", "xxx", True),
        ("a\nb", "a\nb", True),
    ],
)
def test_glob_matches_as_in_go(pattern: str, name: str, *, expected: bool) -> None:
    """The cases of Go's own tests; malformed patterns match nothing."""
    assert (compile_glob(pattern).fullmatch(name) is not None) is expected
