"""http.template, http.placeholders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snake.http.errors import HandlerError
from snake.http.request import Request
from snake.http.template import Template


async def receive() -> Any:
    """Give nothing."""


def request(target: bytes = b"/a%20b/c.tar.gz?x=1&x=2&y=") -> Request:
    """Return a request to `target`."""
    path, _, query = target.partition(b"?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path.decode().replace("%20", " "),
        "raw_path": path,
        "query_string": query,
        "headers": [
            (b"host", b"www.Example.com:8080"),
            (b"accept", b"a"),
            (b"accept", b"b"),
            (b"cookie", b'a=1; b="two"'),
        ],
        "client": ("192.168.7.9", 4711),
        "server": ("127.0.0.1", 8080),
    }
    return Request(scope, receive)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("http.request.method", "GET"),
        ("http.request.scheme", "http"),
        ("http.request.proto", "HTTP/1.1"),
        ("http.request.host", "www.Example.com"),
        ("http.request.port", "8080"),
        ("http.request.hostport", "www.Example.com:8080"),
        ("http.request.host.labels.0", "com"),
        ("http.request.host.labels.2", "www"),
        ("http.request.host.labels.9", ""),
        ("http.request.uri", "/a%20b/c.tar.gz?x=1&x=2&y="),
        ("http.request.uri.path", "/a b/c.tar.gz"),
        ("http.request.uri.path.0", "a b"),
        ("http.request.uri.path.1", "c.tar.gz"),
        ("http.request.uri.path.dir", "/a b/"),
        ("http.request.uri.path.file", "c.tar.gz"),
        ("http.request.uri.path.file.base", "c.tar"),
        ("http.request.uri.path.file.ext", ".gz"),
        ("http.request.uri.path_escaped", "%2Fa+b%2Fc.tar.gz"),
        ("http.request.uri.query", "x=1&x=2&y="),
        ("http.request.uri.prefixed_query", "?x=1&x=2&y="),
        ("http.request.uri.query.x", "1,2"),
        ("http.request.uri.query.none", ""),
        ("http.request.header.Accept", "a,b"),
        ("http.request.header.X-None", ""),
        ("http.request.cookie.a", "1"),
        ("http.request.cookie.b", "two"),
        ("http.request.cookie.c", ""),
        ("http.request.remote", "192.168.7.9:4711"),
        ("http.request.remote.host", "192.168.7.9"),
        ("http.request.remote.port", "4711"),
        ("http.request.remote.host/24", "192.168.7.0/24"),
        ("http.request.local.port", "8080"),
        ("http.request.orig_uri.path", "/a b/c.tar.gz"),
        ("http.vars.client_ip", "192.168.7.9"),
        ("http.vars.none", ""),
        ("http.request.tls.version", ""),
        ("http.request.tls.nope", "{http.request.tls.nope}"),
    ],
)
def test_request_placeholders(key: str, value: str) -> None:
    """Each placeholder of a request has Caddy's value."""
    assert Template("{" + key + "}").known(request()) == value


def test_original_survives_a_rewrite() -> None:
    """After a rewrite the original request line is still there."""
    changed = request()
    changed.set_path(b"/new")
    changed.set_query(b"")

    both = Template("{http.request.uri} {http.request.orig_uri}")
    assert both.known(changed) == "/new /a%20b/c.tar.gz?x=1&x=2&y="


def test_unknown_placeholder() -> None:
    """What nobody knows is kept, or is empty, as the place of use asks."""
    template = Template("a{nope}b")

    assert template.known(request()) == "a{nope}b"
    assert template.all(request()) == "ab"
    assert template.constant is None


def test_not_set_here() -> None:
    """A name that only some requests know is unknown to the others."""
    template = Template("<{http.regexp.x.1}>")
    matched = request()
    matched.set_value("http.regexp.x.1", "yes")

    assert template.known(matched) == "<yes>"
    assert template.known(request()) == "<{http.regexp.x.1}>"
    assert template.all(request()) == "<>"


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        (r"\{http.request.method\}", "{http.request.method}"),
        ("{", "{"),
        ("}{", "}{"),
        ("{}", "{}"),
        ("{a{http.request.method}", "{aGET"),
        ("", ""),
        ('{"a": "{http.request.method}"}', '{"a": "GET"}'),
    ],
)
def test_braces(text: str, filled: str) -> None:
    """Escaped, single and nested braces come out as in Caddy."""
    assert Template(text).known(request()) == filled


def test_constant() -> None:
    """A text without placeholders is known as one, its escapes undone."""
    assert Template(r"a \{b\}").constant == "a {b}"
    assert Template("{http.request.method}").constant is None


def test_values_are_not_expanded_again() -> None:
    """A placeholder in a value stays text: no request can read the environment."""
    sneaky = request()
    sneaky.vars["x"] = "{env.PATH} {file./etc/passwd}"

    assert Template("{http.vars.x}").known(sneaky) == "{env.PATH} {file./etc/passwd}"


def test_environment_and_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`env.` is read once, `file.` at each use; one newline at the end goes."""
    monkeypatch.setenv("SNAKE_TEST", "yes")
    file = tmp_path / "secret"
    file.write_text("s3cret\n")

    template = Template("{env.SNAKE_TEST}{env.SNAKE_NONE} {file." + str(file) + "}")
    assert template.known(request()) == "yes s3cret"


def test_error_placeholders() -> None:
    """In error routes the error's status, text and message are known."""
    failed = request()
    failed.error = HandlerError(404, "no such thing")
    template = Template("{http.error.status_code} {http.error.status_text} {http.error.message}")

    assert template.known(failed) == "404 Not Found no such thing"
    assert "{http.error.status_code}" in template.known(request())
