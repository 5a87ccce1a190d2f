"""Roots, and paths below them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.http.roots import join, root_of
from tests.matchers.matching import request


@pytest.mark.parametrize(
    ("root", "path", "expected"),
    [
        ("/srv", "/a.txt", "/srv/a.txt"),
        ("/srv", "/", "/srv"),
        ("/srv", "/dir/", "/srv/dir"),
        ("/srv", "/../../etc/passwd", "/srv/etc/passwd"),
        ("/srv", "/a/../../b", "/srv/b"),
        ("/srv", "//a//b", "/srv/a/b"),
        ("/srv", "a", "/srv/a"),
        ("/", "/a", "/a"),
        ("/", "/", "/"),
        (".", "/a/b", "a/b"),
        (".", "/", "."),
        ("site", "/a", "site/a"),
    ],
)
def test_path_is_put_below_the_root(root: str, path: str, expected: str) -> None:
    """Dot segments are resolved before the root is put in front."""
    assert join(root, path) == expected


@given(st.text(alphabet="/.ab\\", max_size=30))
def test_path_never_leaves_the_root(path: str) -> None:
    """No path leads above the root."""
    joined = join("/srv/site", path)

    assert joined == "/srv/site" or joined.startswith("/srv/site/")
    assert ".." not in joined.split("/")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "/site"),
        ("/srv/../www/", "/www"),
        ("/srv/{http.request.host}", "/srv/example.com"),
        ("{http.vars.root}/sub", "/site/sub"),
        ("{http.vars.none}/sub", "sub"),
        ("{http.vars.none}", "."),
        ("./x", "x"),
    ],
)
def test_root_is_filled_in(text: str, expected: str) -> None:
    """A root may have placeholders; an empty one at its start is the working directory."""
    asked = request()
    asked.vars["root"] = "/site"

    assert root_of(text)(asked) == expected


def test_root_without_any_is_the_working_directory() -> None:
    """A site without a root serves from the working directory."""
    assert root_of("")(request()) == "."
