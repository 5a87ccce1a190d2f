"""proxy.attempts: which backends are asked, how often, and what is left of it."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from snake.proxy.backend import Host
from tests.proxy.proxying import OK, Peer, proxy, upstream
from tests.proxy.test_handler import refusing
from tests.transport.wire import GET, PATIENCE, Client, Server

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
FIRST = {"selection_policy": {"policy": "first"}}


def requests_under_way() -> list[int]:
    """Return how many requests each host counts, of all that there are."""
    return [each.requests for each in gc.get_objects() if type(each) is Host]


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something is so, which it must be soon."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  (it is other tasks' doing)
            await asyncio.sleep(0.005)


async def hang_up(peer: Peer) -> None:
    """Take a request, and close."""
    peer.upstream.asked.append(await peer.head())


async def keep_quiet(peer: Peer) -> None:
    """Take a request, and never answer."""
    peer.upstream.asked.append(await peer.head())
    await peer.rest()


async def ask(client: Client, request: bytes = GET) -> int:
    """Send a request, and return the status."""
    await client.send(request)
    return (await client.response()).status


async def test_another_backend_is_dialled_at_once() -> None:
    """However many cannot be dialled, the one that can gets any request, with its body."""
    async with (
        upstream(OK) as up,
        proxy(refusing(), refusing(), up, refusing(), load_balancing=FIRST) as server,
        server.client() as client,
    ):
        assert await ask(client, GET) == 200
        await client.send(POST)
        assert (await client.response()).body == b"ok"
        assert up.asked[1].startswith(b"POST /")


@pytest.mark.parametrize(
    "policy",
    [
        *("random", "least_conn", "round_robin", "ip_hash", "uri_hash", "cookie"),
        *("random_choose", "weighted_round_robin"),
    ],
)
async def test_every_policy_finds_what_is_left(policy: str) -> None:
    """Whatever a policy prefers, it is content with the one backend that can be dialled."""
    fields: dict[str, Any] = {"weights": [9, 1, 5]} if policy == "weighted_round_robin" else {}
    balancing = {"selection_policy": {"policy": policy} | fields}
    async with (
        upstream(OK) as up,
        proxy(refusing(), up, refusing(), load_balancing=balancing) as server,
        server.client() as client,
    ):
        assert [await ask(client) for _ in range(20)] == [200] * 20


async def test_limits_count_what_is_tried_at_once_too() -> None:
    """With `retries` no more backends are tried than that; and none waits for the interval."""
    for retries, expected in ((1, 502), (2, 200)):
        balancing = FIRST | {"retries": retries, "try_interval": "1h"}
        async with (
            upstream(OK) as up,
            proxy(refusing(), refusing(), up, load_balancing=balancing) as server,
            server.client() as client,
        ):
            assert await ask(client) == expected


async def test_a_backend_that_comes_back_is_found() -> None:
    """Within `try_duration` a request waits for a backend that is not there yet."""
    balancing = {"try_duration": "10s", "try_interval": "10ms"}
    address = refusing()
    async with proxy(address, load_balancing=balancing) as server, server.client() as client:
        await client.send(POST)
        await asyncio.sleep(0.05)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"hello")
            writer.write(OK)
            writer.close()

        async with await asyncio.start_server(serve, *address.split(":")):
            assert (await client.response()).status == 200


@pytest.mark.parametrize(
    ("request_", "asked"),
    [(GET, 3), (POST, 1), (GET.replace(b"GET", b"HEAD"), 1), (GET.replace(b"GET", b"PUT"), 1)],
)
async def test_only_a_get_is_sent_twice(request_: bytes, asked: int) -> None:
    """What an upstream may have seen is tried again if it is a GET, and its body is not begun."""
    async with (
        upstream(hang_up) as up,
        proxy(up, load_balancing={"retries": 2}) as server,
        server.client() as client,
    ):
        await client.send(request_)
        assert (await client.response(request_.split(b" ")[0].decode())).status == 502
        assert len(up.asked) == asked


async def test_a_body_that_has_been_sent_is_not_sent_again() -> None:
    """Not even if the config says so: the upstream would get half of it."""
    post = [{"method": ["POST"]}]

    async def take(peer: Peer) -> None:
        peer.upstream.asked.append(await peer.head())
        await peer.exactly(5)

    for request, asked in ((POST, 1), (POST.replace(b"5", b"0").replace(b"hello", b""), 3)):
        async with (
            upstream(take if asked == 1 else hang_up) as up,
            proxy(up, load_balancing={"retries": 2, "retry_match": post}) as server,
            server.client() as client,
        ):
            assert await ask(client, request) == 502
            assert len(up.asked) == asked


async def test_a_client_that_leaves_is_not_waited_for() -> None:
    """Whether its upstream is asked or a retry is due: nothing is left of its request."""

    async def leave(server: Server, when: Awaitable[None]) -> None:
        async with server.client() as client:
            await client.send(GET)
            await when
        await eventually(lambda: not any(requests_under_way()))

    async with upstream(keep_quiet) as up, proxy(up) as server:
        await leave(server, eventually(lambda: bool(up.asked)))
        await eventually(lambda: not up.open)
        assert up.connections == 1
    async with (
        upstream(hang_up) as up,
        proxy(up, load_balancing={"retries": 9, "try_interval": "1h"}) as server,
    ):
        tasks = len(asyncio.all_tasks())
        await leave(server, eventually(lambda: bool(up.asked)))
        await eventually(lambda: len(asyncio.all_tasks()) <= tasks)
        assert up.connections == 1


async def test_requests_are_counted_while_they_last() -> None:
    """A backend is full while it answers `max_requests`; whatever becomes of them, it is not."""
    go_on = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.head()
        peer.upstream.asked.append(b"")
        await go_on.wait()
        await peer.send(OK)

    async with upstream(slow) as up:
        upstreams = [{"dial": up.address, "max_requests": 2}]
        async with (
            proxy(upstreams=upstreams) as server,
            server.client() as one,
            server.client() as two,
            server.client() as three,
        ):
            await one.send(GET)
            await two.send(GET)
            await eventually(lambda: len(up.asked) == 2)
            assert await ask(three) == 503
            two.reset()
            await eventually(lambda: max(requests_under_way()) == 1)
            await three.send(GET)
            await eventually(lambda: len(up.asked) == 3)
            go_on.set()
            assert (await one.response()).status == 200
            assert (await three.response()).status == 200
            assert not any(requests_under_way())


async def test_a_request_is_counted_until_its_response_is_through() -> None:
    """Not only until its head is there."""
    go_on = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        await go_on.wait()
        await peer.send(b"k")

    async with upstream(slow) as up, proxy(up) as server, server.client() as client:
        await client.send(GET)
        await eventually(lambda: 1 in requests_under_way())
        go_on.set()
        assert (await client.response()).body == b"ok"
        assert not any(requests_under_way())


async def test_failures_are_forgotten() -> None:
    """A failure counts for `fail_duration`, and no longer."""
    checks = {"passive": {"fail_duration": "100ms", "unhealthy_status": [503]}}
    answer = b"HTTP/1.1 503 Sorry\r\nContent-Length: 4\r\n\r\nbusy"
    async with (
        upstream(answer) as up,
        proxy(up, health_checks=checks) as server,
        server.client() as client,
    ):
        await client.send(GET)
        assert (await client.response()).body == b"busy"
        began = time.monotonic()
        body = b""
        while body != b"busy":
            await client.send(GET)
            body = (await client.response()).body
        assert len(up.asked) == 2
        assert 0.05 < time.monotonic() - began < PATIENCE


async def test_no_backend_within_the_time() -> None:
    """When nobody is available, a request waits for `try_duration`, and is a 503 then."""
    checks = {"passive": {"fail_duration": "1h", "unhealthy_status": [200]}}
    balancing = {"try_duration": "100ms", "try_interval": "10ms"}
    async with (
        upstream(OK) as up,
        proxy(up, health_checks=checks, load_balancing=balancing) as server,
        server.client() as client,
    ):
        assert await ask(client) == 200
        began = time.monotonic()
        assert await ask(client) == 503
        assert time.monotonic() - began >= 0.1
        assert len(up.asked) == 1


async def test_a_response_is_retried_with_its_connection_kept() -> None:
    """One that `retry_match` does not want is dropped; its status is the answer in the end."""
    match = [{"expression": "{http.reverse_proxy.status_code} == 503"}]
    answer = b"HTTP/1.1 503 Sorry\r\nContent-Length: 4\r\n\r\nbusy"
    balancing = {"retries": 4, "retry_match": match}
    async with (
        upstream(answer) as up,
        proxy(up, load_balancing=balancing) as server,
        server.client() as client,
    ):
        await client.send(GET)
        response = await client.response()
        assert (response.status, response.body) == (503, b"")
        assert (len(up.asked), up.connections) == (5, 1)
        assert not any(requests_under_way())
