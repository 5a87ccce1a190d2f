"""What an environ says of a request."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from snake.app.environ import base_environ, build_environ
from tests.python.serving import exchange, listening, under, wsgi

pytestmark = pytest.mark.usefixtures("way")


def tell(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    texts = {key: value for key, value in environ.items() if isinstance(value, str | bool | tuple)}
    start_response("200 OK", [])
    return [msgspec.json.encode(texts)]


async def environ_of(
    target: str = "/", *fields: str, host: str = "a.example", prefix: str = ""
) -> dict[str, Any]:
    """Return the environ of a GET with these header lines."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *fields, "Connection: close", "", ""]
    handler = wsgi(tell)
    async with listening(under(prefix, handler) if prefix else handler) as port:
        answer = await exchange(port, "\r\n".join(lines).encode("latin-1"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), answer
    return msgspec.json.decode(body)  # type: ignore[no-any-return]


async def test_has_what_pep_3333_requires() -> None:
    """Every required key is there, and of the right type."""
    environ = await environ_of("/path?q=1")

    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["SCRIPT_NAME"] == ""
    assert environ["PATH_INFO"] == "/path"
    assert environ["QUERY_STRING"] == "q=1"
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["wsgi.version"] == [1, 0]
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["wsgi.multithread"] is True
    assert environ["wsgi.multiprocess"] is False
    assert environ["wsgi.run_once"] is False
    assert environ["wsgi.input_terminated"] is True
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["REMOTE_PORT"].isdigit()


@pytest.mark.parametrize(
    ("host", "name", "port"),
    [
        ("a.example", "a.example", "80"),
        ("a.example:8080", "a.example", "8080"),
        ("[::1]", "::1", "80"),
        ("[::1]:8080", "::1", "8080"),
    ],
)
async def test_server_is_the_one_that_was_asked(host: str, name: str, port: str) -> None:
    """SERVER_NAME and SERVER_PORT come from the Host field; without a port it is the scheme's."""
    environ = await environ_of(host=host)

    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (name, port)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/caf%C3%A9", "/caf\xc3\xa9"),
        ("/%FF", "/\xff"),
        ("/a%20b", "/a b"),
        ("/a+b", "/a+b"),
        ("/%E2%82%AC", "/\xe2\x82\xac"),
    ],
)
async def test_path_is_its_bytes_as_latin_1(target: str, path: str) -> None:
    """PATH_INFO has one character for each byte of the decoded path, also of what is no UTF-8."""
    environ = await environ_of(target)

    assert environ["PATH_INFO"] == path
    assert environ["REQUEST_URI"] == environ["RAW_URI"] == target


async def test_prefix_is_the_script_name() -> None:
    """What `handle_path` took off is SCRIPT_NAME; REQUEST_URI is still what the client sent."""
    environ = await environ_of("/app/page?q=1", prefix="/app")

    assert environ["SCRIPT_NAME"] == "/app"
    assert environ["PATH_INFO"] == "/page"
    assert environ["REQUEST_URI"] == "/app/page?q=1"


async def test_repeated_fields_are_joined() -> None:
    """Fields of one name are one value: with a comma, and cookies with a semicolon."""
    environ = await environ_of("/", "X-A: 1", "X-A: 2", "Cookie: a=1", "Cookie: b=2")

    assert environ["HTTP_X_A"] == "1,2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


async def test_content_fields_have_no_http_prefix() -> None:
    """CONTENT_TYPE and CONTENT_LENGTH stand without HTTP_, as CGI has them."""
    environ = await environ_of("/", "Content-Type: text/plain", "Content-Length: 0")

    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["CONTENT_LENGTH"] == "0"
    assert "HTTP_CONTENT_TYPE" not in environ
    assert "HTTP_CONTENT_LENGTH" not in environ


async def test_proxy_field_does_not_set_a_proxy() -> None:
    """A client's Proxy field never becomes HTTP_PROXY (httpoxy)."""
    environ = await environ_of("/", "Proxy: http://evil.example")

    assert "HTTP_PROXY" not in environ


async def test_underscores_do_not_spoof() -> None:
    """A field with an underscore does not pass for the one with a hyphen."""
    environ = await environ_of("/", "X_User: admin", "Content_Length: 7")

    assert "HTTP_X_USER" not in environ
    assert "CONTENT_LENGTH" not in environ


async def test_values_are_latin_1() -> None:
    """A field's bytes are characters of the same number."""
    environ = await environ_of("/", "X-A: caf\xe9")

    assert environ["HTTP_X_A"] == "caf\xe9"


async def test_protocol_1_0() -> None:
    """A client of HTTP/1.0 is one for the app too, and needs no Host."""
    async with listening(wsgi(tell)) as port:
        answer = await asyncio.wait_for(exchange(port, b"GET / HTTP/1.0\r\n\r\n"), 5)
    environ = msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])

    assert environ["SERVER_PROTOCOL"] == "HTTP/1.0"
    assert environ["SERVER_NAME"] == "127.0.0.1"
    assert environ["SERVER_PORT"] == str(port)


def test_https_is_told() -> None:
    """A request over TLS has the scheme https, its port, and HTTPS as in CGI."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "http_version": "1.1",
        "scheme": "https",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"a.example")],
        "server": ("127.0.0.1", 443),
    }
    environ = build_environ(base_environ(multiprocess=False), scope)

    assert environ["wsgi.url_scheme"] == "https"
    assert environ["HTTPS"] == "on"
    assert environ["SERVER_PORT"] == "443"
