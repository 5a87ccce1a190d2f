"""Requests of snake's own, to servers that are slow, huge, wrong or not there."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from snake.fetch.fetch import fetch
from snake.fetch.response import FetchError
from tests.fetch.hostile import drip, flood, hostile, silence, status
from tests.fetch.proxy import proxy


async def test_answer_has_status_fields_and_body() -> None:
    """An answer is whole: its status, its fields and its body."""
    async with hostile(status(201, b"made", "X-Kind: a\r\n")) as server:
        answer = await fetch(f"{server.url}/a?b=c", fields={"Accept": "text/plain"})

    assert (answer.status, answer.body, answer.fields["x-kind"]) == (201, b"made", "a")
    assert server.heads[0].startswith("GET /a?b=c HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}\r\n" in server.heads[0]
    assert "Accept: text/plain\r\n" in server.heads[0]


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"HTTP/1.1 200 OK\r\n\r\nto the end", b"to the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 None\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 500 No\r\n\r\n", b"a"),
    ],
)
async def test_body_ends_as_http_says(answer: bytes, body: bytes) -> None:
    """A body ends by its length, its last chunk or the connection; interim heads are passed by."""
    async with hostile(answer) as server:
        assert (await fetch(server.url)).body == body


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nA: b", "closed the connection without an answer"),
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "within its answer"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            "within its answer",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "head is longer"),
        (b"HTTP/1.1 100 Go\r\n\r\n" * 5000, "head is longer"),
        (flood, "longer than 1048576 bytes"),
        (drip, "did not answer within"),
        (silence, "did not answer within"),
    ],
)
async def test_wrong_answers_are_none(answer: object, message: str) -> None:
    """What is no answer, or has no end, is an error within the time and the memory allowed."""
    async with hostile(answer) as server:  # type: ignore[arg-type]
        with pytest.raises(FetchError, match=message):
            await fetch(server.url, within=0.5 if callable(answer) and answer != flood else 10)


async def test_body_that_is_not_wanted_is_not_waited_for() -> None:
    """Whoever wants the status alone is not held by a body without an end."""
    async with hostile(flood) as server:
        assert (await fetch(server.url, most=0)).status == 200


async def test_server_that_is_not_there() -> None:
    """A closed port is an error that names the place, and no secret of the URL."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(FetchError, match=f"127.0.0.1:{port}") as caught:
            await fetch(f"http://127.0.0.1:{port}/?token=secret")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "a", "ftp://a", "http://", "http://a b", "http://a:99999999/", "http://a/\r\nX: y"]
)
async def test_what_is_no_url_is_refused(url: str) -> None:
    """Nothing is sent to what is no URL of HTTP."""
    with pytest.raises(FetchError):
        await fetch(url, within=2)


async def test_certificate_of_an_https_server_is_checked() -> None:
    """An HTTPS server needs a certificate for its name that is believed."""
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(serving)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with hostile(status(200, b"safe"), tls=serving) as server:
        url = f"https://localhost:{server.port}/"

        assert (await fetch(url, trust=trust)).body == b"safe"
        with pytest.raises(FetchError, match=r"(?i)certificate"):
            await fetch(url)
        with pytest.raises(FetchError, match=r"(?i)certificate"):
            await fetch(url.replace("localhost", "127.0.0.1"), trust=trust)


async def test_unix_socket(tmp_path: Path) -> None:
    """A server may be at a Unix socket; then the URL's host is only a name."""
    path = str(tmp_path / "s")
    async with hostile(status(200, b"local"), path=path) as server:
        answer = await fetch("http://name/x", method="POST", body=b"{}", socket=path)

    assert answer.body == b"local"
    assert "Host: name\r\n" in server.heads[0]
    assert "Content-Length: 2\r\n" in server.heads[0]


async def test_request_can_be_cancelled() -> None:
    """Cancelling closes the connection at once."""
    asked = asyncio.Event()

    async def note(head: str, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await silence(head, writer)

    async with hostile(note) as server:
        task = asyncio.create_task(fetch(server.url))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a name for this machine that is not known to be this machine's."""
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("elsewhere")
async def test_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is elsewhere is asked through a proxy, encrypted for who is asked; here is not."""
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("api.test").configure_cert(serving)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with (
        hostile(status(200, b"far"), tls=serving) as server,
        hostile(status(200, b"near")) as near,
        proxy() as (port, heads),
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@127.0.0.1:{port}")
        monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{port}")
        assert (await fetch(f"https://api.test:{server.port}/", trust=trust)).body == b"far"
        assert (await fetch("http://plain.test:81/a?b")).body == b"by the proxy"
        assert (await fetch(near.url)).body == b"near"
        monkeypatch.setenv("NO_PROXY", ".test")
        with pytest.raises(FetchError):
            await fetch(f"https://api.test:{server.port}/", trust=trust)

    assert [head.split("\r\n")[0] for head in heads] == [
        f"CONNECT api.test:{server.port} HTTP/1.1",
        "GET http://plain.test:81/a?b HTTP/1.1",
    ]
    assert "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in heads[0]


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "does not connect us: .*407"),
        (b"", "the proxy gives no answer"),
        (b"junk", "the proxy gives no answer"),
        (b"a" * 100_000, "the proxy gives no answer"),
    ],
)
async def test_proxy_that_does_not_connect(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, message: str
) -> None:
    """A proxy that refuses, or is none, is an error without its password."""
    async with proxy(answer) as (port, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{port}")
        with pytest.raises(FetchError, match=message) as caught:
            await fetch("https://api.test/")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:secret@127.0.0.1")
    with pytest.raises(FetchError, match="is not http://"):
        await fetch("https://api.test/")

    assert "secret" not in str(caught.value)
