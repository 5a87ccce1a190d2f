"""Caddyfile.example: a Flask app, a FastAPI app and static files on one address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from tests.examples.example import Served, example


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example, served once for all tests."""
    folder = tmp_path_factory.mktemp("demo")
    with example("", folder, config="Caddyfile.example") as served:
        yield served


def test_index_links_to_the_apps(demo: Served) -> None:
    """The address itself is a page, with a link to each app and the files it needs."""
    page = demo.get("/")

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert 'href="/flask/"' in page.text
    assert 'href="/fastapi/"' in page.text
    assert [demo.get(f"/{name}").status_code for name in ("style.css", "echo.js")] == [200, 200]


def test_flask_knows_its_prefix(demo: Served) -> None:
    """Flask is told what was taken off its address, and makes URLs with it."""
    page = demo.get("/flask/")
    greeting = demo.get("/flask/hello/you").json()

    assert "<th>SCRIPT_NAME</th><td>/flask</td>" in page.text
    assert "<th>PATH_INFO</th><td>/</td>" in page.text
    assert greeting == {"message": "Hello, you!", "self": "/flask/hello/you"}


def test_fastapi_knows_its_prefix(demo: Served) -> None:
    """FastAPI is told what was taken off its address, and its documentation finds its schema."""
    facts = demo.get("/fastapi/").json()
    documentation = demo.get("/fastapi/docs")
    schema = demo.get("/fastapi/openapi.json").json()

    assert facts["root_path"] == "/fastapi"
    assert facts["started"]
    assert "/fastapi/openapi.json" in documentation.text
    assert schema["info"]["title"] == "FastAPI on snake"
    assert demo.get("/fastapi/hello/you").json() == {"message": "Hello, you!"}


def test_websocket_echoes(demo: Served) -> None:
    """The page's WebSocket goes through the same site to FastAPI."""
    with connect(f"ws://localhost:{demo.port}/fastapi/echo") as socket:
        socket.send("hello")

        assert socket.recv(timeout=10) == "HELLO"


@pytest.mark.parametrize("name", ["flask", "fastapi"])
def test_prefix_without_slash_is_redirected(demo: Served, name: str) -> None:
    """An app's address without its last slash is sent to the one that has it."""
    answer = demo.get(f"/{name}")

    assert answer.status_code == 302
    assert answer.headers["location"] == f"/{name}/"


def test_missing_page_says_so(demo: Served) -> None:
    """What is neither an app's nor a file is a 404 with a body of our own."""
    answer = demo.get("/nothing-here")

    assert answer.status_code == 404
    assert answer.text == "404 Not Found\n"
