"""Class 33: who a client is, is what `forward_auth` was told, and nothing the client sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.proxy.proxying import OK, Peer, Upstream, caddyfile, upstream
from tests.transport.wire import Client

TOLD = b"HTTP/1.1 200 OK\r\nRemote-User: ada\r\nLogin: ada\r\nContent-Length: 0\r\n\r\n"
NOT_TOLD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
NAMES = [
    *("Remote-User", "remote-user", "REMOTE-USER", "Remote_User", "Remote.User", "X-Login"),
    *("remote_user", "x_login", "X.Login"),
]


@asynccontextmanager
async def guarded(answer: bytes) -> AsyncIterator[tuple[Client, Upstream, Upstream]]:
    """Serve an app behind an authority that answers so; give a client, both of them."""
    async with upstream(answer) as authority, upstream(OK) as app:
        site = f"""
            forward_auth {authority.address} {{
                uri /auth
                copy_headers Remote-User Login>X-Login X-Group
            }}
            reverse_proxy {app.address}
        """
        async with caddyfile(site) as server, server.client() as client:
            yield client, authority, app


@pytest.mark.parametrize("answer", [TOLD, NOT_TOLD], ids=["told", "not told"])
@pytest.mark.parametrize("name", NAMES)
async def test_what_a_client_says_of_itself_is_dropped(name: str, answer: bytes) -> None:
    """In whatever spelling, once or often, before or after: the app sees the authority's word."""
    async with guarded(answer) as (client, _, app):
        head = (
            f"GET / HTTP/1.1\r\nHost: a\r\n{name}: eve\r\nX-Group: root\r\n{name}: mallory\r\n\r\n"
        )
        await client.send(head.encode())
        assert (await client.response()).status == 200
    (asked,) = app.asked
    given = [line.split(b": ", 1) for line in asked.strip().split(b"\r\n")[1:]]
    told = [value for field, value in given if field.lower() in (b"remote-user", b"x-login")]

    assert b"eve" not in asked
    assert b"mallory" not in asked
    assert b"root" not in asked
    assert told == ([b"ada", b"ada"] if answer is TOLD else [])


async def test_a_client_cannot_have_it_dropped() -> None:
    """A field that is copied is not of the connection because the client says so."""
    async with guarded(TOLD) as (client, _, app):
        await client.send(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Remote-User, X-Login, keep-alive\r\n\r\n"
        )
        assert (await client.response()).status == 200

    assert b"remote-user: ada" in app.asked[0].lower()
    assert b"x-login: ada" in app.asked[0].lower()


async def test_a_value_is_no_template() -> None:
    """What the authority or the client says is not filled in again (class 39)."""
    answer = b"HTTP/1.1 200 OK\r\nRemote-User: {env.HOME}\r\nX-Group: {rp.status_code}\r\n"
    answer += b"Content-Length: 0\r\n\r\n"
    async with guarded(answer) as (client, authority, app):
        await client.send(b"GET /{env.HOME}?{http.request.host} HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await client.response()).status == 200

    assert b"Remote-User: {env.HOME}\r\n" in app.asked[0]
    assert b"X-Group: {rp.status_code}\r\n" in app.asked[0]
    assert b"X-Forwarded-Uri: /%7Benv.HOME%7D?{http.request.host}\r\n" in authority.asked[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 300 Choose\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 199 Early\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_without_a_yes_nobody_gets_in(answer: bytes) -> None:
    """An authority that says nothing, or nothing that is clear, has not said yes."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(answer)

    async with upstream(serve) as authority, upstream(OK) as app:
        site = f"""
            forward_auth {authority.address} {{
                uri /auth
            }}
            reverse_proxy {app.address}
        """
        async with caddyfile(site) as server, server.client() as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            status = 0
            while status < 200:
                status = (await client.response()).status

        assert status >= 300
        assert app.connections == 0
