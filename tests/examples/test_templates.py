"""examples/templates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.examples.example import Served, example


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example, served once for all tests."""
    with example("templates", tmp_path_factory.mktemp("templates")) as served:
        yield served


def test_list_of_posts(blog: Served) -> None:
    """The first page lists the posts, with what stands in front of each."""
    page = blog.get("/")

    assert page.status_code == 200
    assert '<li>2026-01-02: <a href="/first">The first post</a></li>' in page.text
    assert '<li>2026-02-03: <a href="/second">The second post</a></li>' in page.text


def test_post(blog: Served) -> None:
    """A post is HTML, in the page around it."""
    page = blog.get("/first")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "etag" not in page.headers
    assert "<title>The first post</title>" in page.text
    assert '<h1 id="the-first-post">The first post</h1>' in page.text
    assert '<a href="/second">link</a>' in page.text
    assert '<td style="text-align:right">30</td>' in page.text


@pytest.mark.parametrize("path", ["/third", "/posts/first.md", "/base.html", "/../Caddyfile"])
def test_what_is_not_there(blog: Served, path: str) -> None:
    """What is no post is a 404 with a page of its own."""
    page = blog.get(path)

    assert page.status_code == 404
    assert "<h1>404 Not Found</h1>" in page.text


def test_style_is_a_file(blog: Served) -> None:
    """The style is sent as it is."""
    assert blog.get("/style.css?v=1").headers["etag"]
