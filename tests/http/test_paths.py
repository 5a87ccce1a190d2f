"""http.paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.http.paths import clean


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        ("/", "/"),
        ("", ""),
        ("/a/b", "/a/b"),
        ("/a//b", "/a/b"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/../../etc/passwd", "/etc/passwd"),
        ("/a/..", "/"),
        ("/a/.", "/a"),
        ("/a/b/..", "/a"),
        ("/a/./", "/a/"),
        ("/a/b/", "/a/b/"),
        ("/.a/b", "/.a/b"),
        ("/a/...", "/a/..."),
        ("a", "a"),
        ("../a/./b", "a/b"),
        ("./", ""),
    ],
)
def test_clean(path: str, cleaned: str) -> None:
    """Dot segments go, slashes merge, a trailing slash stays."""
    assert clean(path) == cleaned


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [("/a//b", "/a//b"), ("/a//../b", "/a/b"), ("/..//a", "//a"), ("//", "//"), ("/a/", "/a/")],
)
def test_clean_keeps_slashes(path: str, cleaned: str) -> None:
    """Without collapsing, an empty segment counts as a segment."""
    assert clean(path, collapse_slashes=False) == cleaned


@given(st.text("/.a%\\", max_size=30))
def test_clean_never_climbs(path: str) -> None:
    """No path at all has a dot segment left, and cleaning twice changes nothing."""
    cleaned = clean(path)

    assert cleaned.startswith("/") is path.startswith("/")
    assert not {".", ".."} & set(cleaned.split("/"))
    assert clean(cleaned) == cleaned
