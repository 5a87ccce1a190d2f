"""Connections that come with a PROXY header, or should."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.standard import MODULES
from snake.transport.asgi import Receive, Scope, Send
from snake.transport.proxy_protocol import Policy, ProxyProtocol
from snake.transport.settings import Settings
from snake.transport.wrappers import ProxyProtocol as ProxyProtocolModule
from tests.transport.wire import GET, Client, serving, steady, until

TEXT = b"PROXY TCP4 192.0.2.1 192.0.2.2 1111 2222\r\n"
LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
TOLD = b"192.0.2.1:1111 192.0.2.2:2222"


def wrapper(
    policy: Policy = Policy.USE, timeout: float | None = 5, allow: str = "", deny: str = ""
) -> ProxyProtocol:
    """Return a wrapper that allows and denies these networks."""
    allowed, denied = ([ip_network(word) for word in text.split()] for text in (allow, deny))
    return ProxyProtocol(allowed, denied, policy, timeout)


async def addresses(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with who the client is, and where it went."""
    del receive
    names = [f"{a[0]}:{a[1]}" if a else "unix" for a in (scope["client"], scope["server"])]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": " ".join(names).encode()})


async def answer(client: Client, data: bytes) -> bytes:
    """Send bytes, and return the body of the answer; nothing when the connection is closed."""
    await client.send(data)
    try:
        return (await client.response()).body
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


@pytest.mark.parametrize(
    ("options", "with_header", "without"),
    [
        ({"policy": Policy.USE}, "told", "own"),
        ({"policy": Policy.REQUIRE}, "told", "closed"),
        ({"policy": Policy.IGNORE}, "own", "own"),
        ({"policy": Policy.REJECT}, "closed", "own"),
        ({"policy": Policy.REJECT, "allow": "10.0.0.0/8 127.0.0.0/8"}, "told", "own"),
        ({"policy": Policy.IGNORE, "allow": "10.0.0.0/8 ::1/128"}, "own", "own"),
        ({"policy": Policy.REQUIRE, "deny": "127.0.0.0/8", "allow": "127.0.0.1/32"},
         "closed", "own"),
    ],
)  # fmt: skip
async def test_policies(options: dict[str, Any], with_header: str, without: str) -> None:
    """Who is denied may send no header, who is allowed may; the policy is for all others."""
    async with serving(addresses, wrappers=[wrapper(**options)]) as server:
        for header, expected in ((TEXT, with_header), (b"", without)):
            async with server.client() as client:
                host, port = client.writer.get_extra_info("sockname")
                own = f"{host}:{port} {server.url[2:]}".encode()
                meant = {"told": TOLD, "own": own, "closed": b""}
                assert await answer(client, header + GET) == meant[expected]


async def test_local_is_the_proxy_itself() -> None:
    """A header that tells of nobody leaves the connection its own addresses."""
    async with serving(addresses, wrappers=[wrapper()]) as server, server.client() as client:
        host, port = client.writer.get_extra_info("sockname")
        assert (await answer(client, LOCAL + GET)).startswith(f"{host}:{port} ".encode())


async def test_header_is_read_once() -> None:
    """What follows the header is HTTP, on a connection that stays: another header is none."""
    async with serving(addresses, wrappers=[wrapper()]) as server, server.client() as client:
        assert await answer(client, TEXT + GET + GET) == TOLD
        assert (await client.response()).body == TOLD
        await client.send(TEXT + GET)
        assert (await client.response()).status == 400


async def test_header_in_pieces() -> None:
    """A header may come byte by byte, with the request or long before it."""
    async with serving(addresses, wrappers=[wrapper()]) as server, server.client() as client:
        for byte in TEXT:
            await client.send(bytes([byte]))
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert await answer(client, GET) == TOLD


@pytest.mark.parametrize("cut", range(1, 6))
async def test_request_that_begins_like_a_header(cut: int) -> None:
    """A request whose first bytes could have been a header is read whole."""
    request = b"PRO" + b"PFIND / HTTP/1.1\r\nHost: a\r\n\r\n"
    async with serving(addresses, wrappers=[wrapper()]) as server, server.client() as client:
        await client.send(request[:cut])
        await asyncio.sleep(0.02)
        assert (await answer(client, request[cut:])).startswith(b"127.0.0.1:")


async def test_empty_lines_before_a_request() -> None:
    """The line ends that may stand before a request are no header of version 2."""
    async with serving(addresses, wrappers=[wrapper()]) as server, server.client() as client:
        await client.send(b"\r\n\r\n")
        await asyncio.sleep(0.02)
        assert await answer(client, GET)


async def test_unix_socket_is_trusted(tmp_path: Path) -> None:
    """Who connects by a file that it may open is believed."""
    denied = wrapper(Policy.REJECT)
    async with serving(addresses, path=tmp_path / "sock", wrappers=[denied]) as server:
        async with server.client() as client:
            assert await answer(client, TEXT + GET) == TOLD
        async with server.client() as client:
            assert await answer(client, GET) == f"unix {tmp_path / 'sock'}:None".encode()


async def test_silence() -> None:
    """Who sends nothing is let in after the time, as slow as any client; half a header is not."""
    async with serving(addresses, wrappers=[wrapper(timeout=0.1)]) as server:
        async with server.client() as client:
            await until(lambda: server.serving.connections == 1)
            assert await answer(client, GET)
        async with server.client() as client:
            await client.send(TEXT[:20])
            await client.closed()
    wrappers = [wrapper(Policy.REQUIRE, timeout=0.1)]
    async with serving(addresses, wrappers=wrappers) as server, server.client() as client:
        await client.closed()


async def test_drip() -> None:
    """A hundred clients that send a header byte by byte are gone in time, and hinder nobody."""
    async with AsyncExitStack() as stack:
        # Who is late with the first byte is a slow client of HTTP, and ended as such.
        settings = Settings(read_header_timeout=0.3)
        server = await stack.enter_async_context(
            serving(addresses, settings, wrappers=[wrapper(timeout=0.3)])
        )
        clients = [await stack.enter_async_context(server.client()) for _ in range(100)]

        async def drip(client: Client) -> None:
            # Writing fails, in several ways, when the server has closed.
            with suppress(ConnectionError, RuntimeError):
                for byte in TEXT[:-1]:
                    await client.send(bytes([byte]))
                    await asyncio.sleep(0.02)
                await client.rest()

        drips = asyncio.gather(*map(drip, clients))
        other = await stack.enter_async_context(server.client())
        assert await answer(other, TEXT + GET) == TOLD
        await drips
        assert await steady(lambda: server.serving.connections) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"PROXY " + b"x" * 200,
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff" + b"x" * 70_000,
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x01x",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x55\0\x0c" + b"x" * 12,
    ],
)
async def test_wrong_headers(data: bytes) -> None:
    """What begins as a header and is none is closed, and nothing is said."""
    async with serving(addresses, wrappers=[wrapper()]) as server:
        async with server.client() as client:
            await client.send(data + GET)
            await client.closed()
        async with server.client() as client:
            assert await answer(client, TEXT + GET) == TOLD


async def test_client_that_leaves() -> None:
    """Who closes or resets within a header leaves nothing behind."""
    async with serving(addresses, wrappers=[wrapper(timeout=None)]) as server:
        for _ in range(20):
            async with server.client() as client:
                await client.send(TEXT[:10])
                client.reset()
            async with server.client() as client:
                await client.send(TEXT[:10])
                client.half_close()
                await client.closed()
        await until(lambda: not server.serving._waiting)  # noqa: SLF001


async def test_drain() -> None:
    """Nobody waits at the end for connections that have not said who they are."""
    wrappers = [wrapper(timeout=None)]
    async with serving(addresses, wrappers=wrappers) as server, server.client() as client:
        await client.send(TEXT[:10])
        await until(lambda: server.serving._waiting)  # noqa: SLF001
        start = time.monotonic()
        await server.serving.drain(None)
        assert time.monotonic() - start < 1
        await client.closed()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"allow": ["10.0.0.0/8", "10.0.0.1"]}, "x/allow/1: 10.0.0.1: a network has its bits"),
        ({"allow": ["10.0.0.0/33"]}, "x/allow/0: 10.0.0.0/33"),
        ({"deny": ["10.0.0.0/08"]}, "x/deny/0"),
        ({"deny": ["010.0.0.0/8"]}, "x/deny/0"),
        ({"timeout": "1y"}, "x/timeout"),
    ],
)
async def test_wrong_config(config: dict[str, Any], message: str) -> None:
    """What cannot work is told with its place when it is loaded."""
    module = msgspec.convert(config, ProxyProtocolModule)
    with pytest.raises(ConfigError, match=message):
        await module.provision(Context(Registry(MODULES), AsyncExitStack()).at("x"))
