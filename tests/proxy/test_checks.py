"""proxy.checker: backends are asked how they are, and get no requests when they are unwell."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from snake.core.errors import ConfigError
from tests.proxy.proxying import OK, Peer, proxy, upstream
from tests.proxy.test_handler import refusing
from tests.transport.wire import GET, PATIENCE, Server

SICK = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"


class Patient:
    """An upstream that answers checks with what a test says next, when it says so."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        self.checks: asyncio.Queue[bytes] = asyncio.Queue()
        self._next: bytes | None = None

    async def serve(self, peer: Peer) -> None:
        """Answer checks as told, and all else well."""
        while True:
            head = await peer.head()
            if length := re.search(rb"content-length: (\d+)", head.lower()):
                await peer.exactly(int(length[1]))
            if b" /health" in head:
                self.checks.put_nowait(head)
                await peer.send(await self.answers.get())
            else:
                await peer.send(OK)

    async def checked(self, answer: bytes) -> bytes:
        """Answer the next check, and return its head when the one after it has come."""
        async with asyncio.timeout(PATIENCE):
            head = self._next or await self.checks.get()
            self.answers.put_nowait(answer)
            self._next = await self.checks.get()
        return head


@asynccontextmanager
async def checked(
    patient: Patient, **active: Any
) -> AsyncIterator[tuple[Server, Callable[[], Awaitable[int]]]]:
    """Serve a proxy that checks; give what asks it for a status."""
    checks = {"active": {"uri": "/health", "interval": "10ms"} | active}
    async with upstream(patient.serve) as up, proxy(up, health_checks=checks) as server:

        async def status() -> int:
            async with server.client() as client:
                await client.send(GET)
                return (await client.response()).status

        yield server, status


async def test_an_unwell_backend_gets_no_requests() -> None:
    """It is well until it is asked; down with one wrong answer, and up with one right one."""
    patient = Patient()
    async with checked(patient) as (_, status):
        assert await status() == 200
        await patient.checked(SICK)
        assert await status() == 503
        await patient.checked(OK)
        assert await status() == 200


async def test_answers_count_in_a_row() -> None:
    """`fails` and `passes` are how many answers of one kind it takes, one after another."""
    patient = Patient()
    async with checked(patient, fails=2, passes=3) as (_, status):
        for answer, expected in (
            *((SICK, 200), (OK, 200), (SICK, 200), (SICK, 503)),
            *((OK, 503), (OK, 503), (SICK, 503), (OK, 503), (OK, 503), (OK, 200)),
        ):
            await patient.checked(answer)
            assert await status() == expected


@pytest.mark.parametrize(
    ("active", "answer", "expected"),
    [
        ({}, b"HTTP/1.1 204 No Content\r\n\r\n", 200),
        ({}, b"HTTP/1.1 301 Moved\r\nLocation: /health/b\r\nContent-Length: 0\r\n\r\n", 503),
        ({"expect_status": 503}, SICK, 200),
        ({"expect_status": 5}, SICK, 200),
        ({"expect_status": 3}, SICK, 503),
        ({"expect_status": 5}, OK, 503),
        ({"expect_body": "^o"}, OK, 200),
        ({"expect_body": "^k"}, OK, 503),
        ({"expect_body": "ok$", "max_size": 1}, OK, 503),
        ({"expect_body": "^o$", "max_size": 1}, OK, 200),
        ({"max_size": 1}, b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nok", 200),
        ({"timeout": "50ms"}, b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nok", 503),
        ({"timeout": "50ms"}, b"", 503),
        ({}, b"nonsense\r\n\r\n", 503),
    ],
)
async def test_an_answer_is_right_or_wrong(
    active: dict[str, Any], answer: bytes, expected: int
) -> None:
    """Status, body and time decide."""
    patient = Patient()
    async with checked(patient, **active) as (_, status):
        await patient.checked(answer)
        assert await status() == expected


async def test_a_check_is_a_request_as_configured() -> None:
    """Method, URI, fields and body are the config's; a Host of its own is not doubled."""
    patient = Patient()
    async with checked(
        patient,
        uri="/health%20x?a=%20b",
        method="POST",
        body="hello {http.reverse_proxy.active.target_upstream}",
        headers={
            "host": ["check.test"],
            "X-A": ["1", "2"],
            "User-Agent": ["doctor"],
            "X-To": ["{http.reverse_proxy.active.target_upstream}"],
            "X-Unknown": ["{http.nothing}"],
        },
    ):
        head = (await patient.checked(OK)).decode()
    line, *fields = head.strip().split("\r\n")
    fields = sorted(field.lower() for field in fields)

    assert line == "POST /health%20x?a=%20b HTTP/1.1"
    (address,) = (field.removeprefix("x-to: ") for field in fields if field.startswith("x-to"))
    assert address.startswith("127.0.0.1:")
    assert [field for field in fields if not field.startswith(("accept-encoding", "x-to"))] == [
        f"content-length: {len('hello ' + address)}",
        "host: check.test",
        "user-agent: doctor",
        "x-a: 1",
        "x-a: 2",
        "x-unknown: {http.nothing}",
    ]


async def test_redirects_are_followed_if_told() -> None:
    """The address stays that of the backend, wherever it is led to; not for ever."""
    patient = Patient()

    def moved(to: str) -> bytes:
        return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()

    async with checked(patient, follow_redirects=True, method="POST", body="x") as (_, status):
        first = await patient.checked(moved("b?c"))
        assert first.startswith(b"POST /health ")
        # The next one is the redirected one: it is no path of /health, and so was well.
        assert await status() == 200
        second = await patient.checked(moved("http://other.test/health/d"))
        assert second.startswith(b"POST /health ")
        third = await patient.checked(SICK)
        assert third.startswith(b"GET /health/d ")
        assert b"Host: other.test\r\n" in third
        assert await status() == 503
        for _ in range(10):
            await patient.checked(moved("/health"))
        assert await status() == 503


async def test_another_address_may_be_asked() -> None:
    """With `port` and `upstream` the backend is judged by what answers there."""
    for by in ("port", "upstream"):
        patient = Patient()
        async with upstream(patient.serve) as doctor, upstream(OK) as up:
            port = doctor.address.rpartition(":")[2]
            active = {
                "uri": "/health",
                by: int(port) if by == "port" else doctor.address,
            }
            checks = {"active": {"interval": "10ms"} | active}
            async with proxy(up, health_checks=checks) as server, server.client() as client:
                head = await patient.checked(SICK)
                assert f"Host: {doctor.address}\r\n".encode() in head
                await client.send(GET)
                assert (await client.response()).status == 503
                patient.answers.put_nowait(OK)


async def test_checks_end_with_the_config() -> None:
    """Nobody is asked any more when the config is gone, not even half."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.head()
        begun.set()
        assert await peer.rest() == b""
        ended.set()

    async with upstream(serve) as up, asyncio.timeout(PATIENCE):
        async with proxy(up, health_checks={"active": {"uri": "/", "interval": "1ms"}}):
            await begun.wait()
        await ended.wait()
        assert up.connections == 1


async def test_a_backend_that_is_not_there_is_down() -> None:
    """One that cannot be dialled fails its check; the others get its requests."""
    async with upstream(OK) as up:
        gone = refusing()
        checks = {"active": {"uri": "/", "interval": "10ms"}}
        policy = {"selection_policy": {"policy": "first"}}
        async with (
            proxy(gone, health_checks=checks, load_balancing=policy) as server,
            asyncio.timeout(PATIENCE),
        ):
            status = 0
            while status != 503:
                async with server.client() as client:
                    await client.send(GET)
                    status = (await client.response()).status
        assert up.connections == 0


@pytest.mark.parametrize(
    ("active", "path", "message"),
    [
        ({"uri": "/%zz"}, "uri", "escape"),
        ({"uri": "/", "expect_body": "("}, "expect_body", "missing"),
    ],
)
async def test_mistakes_are_told(active: dict[str, Any], path: str, message: str) -> None:
    """A check that cannot be made is refused with its place."""
    with pytest.raises(ConfigError, match=message) as caught:
        async with proxy("a:1", health_checks={"active": active}):
            pass

    assert caught.value.path.endswith(f"/health_checks/active/{path}")


async def test_checks_need_a_path_or_a_port() -> None:
    """Without one nobody is asked, as in Caddy."""
    patient = Patient()
    async with checked(patient, uri="", interval="1ms") as (_, status):
        assert await status() == 200
        assert patient.checks.empty()
