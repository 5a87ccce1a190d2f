"""The server of the admin API by itself: its rules, its clock, and endpoints that go wrong."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import msgspec
import pytest

from snake.admin import server as module
from snake.admin.answer import Answer, APIError, Headers, as_text
from snake.admin.api import API
from snake.admin.counts import Counts
from snake.admin.endpoint import Endpoint, RerouteError
from snake.admin.request import Request
from snake.admin.server import AdminServer
from snake.config.admin import Admin
from snake.core.network import NetworkAddress
from snake.transport.asgi import Message, Scope


async def path(request: Request) -> Answer:
    """Answer with the path, and the size of the body."""
    return as_text(f"{request.path} {len(await request.body())}")


async def slow(request: Request) -> Answer:
    """Answer after a while."""
    await asyncio.sleep(0.3)
    return await path(request)


async def broken(request: Request) -> Answer:
    """Fail with what no client is to see."""
    raise ZeroDivisionError(request.path)


async def elsewhere(request: Request) -> Answer:
    """Send on to a path below `/config/`."""
    raise RerouteError(request.path.replace("/id/", "/config/"))


ENDPOINTS = (
    Endpoint("/config/", path),
    Endpoint("/id/", elsewhere),
    Endpoint("/slow", slow),
    Endpoint("/broken", broken),
)


class Served:
    """A server of these endpoints, in this process."""

    def __init__(self) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.settimeout(0)
        self.port = self.sock.getsockname()[1]
        self.counts = Counts()
        address = NetworkAddress("tcp", "localhost", self.port, self.port)
        self.server = AdminServer(self.sock, ENDPOINTS, Admin(), address, self.counts)
        self.client = httpx.AsyncClient(base_url=f"http://localhost:{self.port}")

    async def say(self, data: bytes) -> bytes:
        """Send bytes, and return all that comes until the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data.replace(b"PORT", str(self.port).encode()))
        answer = await reader.read()
        writer.close()
        return answer


@pytest.fixture
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """Run a server that has little patience."""
    times = {"read_header_timeout": 0.2, "read_timeout": 0.4, "idle_timeout": 0.6}
    monkeypatch.setattr(module, "SETTINGS", msgspec.structs.replace(module.SETTINGS, **times))
    own = Served()
    async with own.client:
        yield own
        await own.server.drain(1.0)
    own.sock.close()


@pytest.mark.parametrize(
    ("data", "beginning"),
    [
        (b"GET /config/ HTTP/1.1\r\n", b"HTTP/1.1 400 "),
        (
            b"POST /config/ HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 9\r\n\r\n{",
            b"HTTP/1.1 408 ",
        ),
        (b"", b""),
    ],
    ids=["a head", "a body", "nothing"],
)
async def test_nobody_waits_for_a_slow_client(
    served: Served, data: bytes, beginning: bytes
) -> None:
    """Its connection is closed, and it is told why if it has begun."""
    async with asyncio.timeout(5):
        answer = await served.say(data)

    assert answer.startswith(beginning)


async def test_a_bug_is_told_to_the_log_alone(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets a 500 without a word of it, and the connection goes on."""
    monkeypatch.setattr(logging.getLogger("snake"), "propagate", True)
    answer = await served.client.get("/broken")

    assert (answer.status_code, answer.json()) == (
        500,
        {"error": "internal error; the log has more"},
    )
    assert "ZeroDivisionError" in caplog.text
    assert (await served.client.get("/config/x")).text == "/config/x 0"


@pytest.mark.parametrize("origins", [("example.com",), ()])
async def test_rules_change_for_open_connections(served: Served, origins: tuple[str, ...]) -> None:
    """A client that stays connected is asked anew who it is; no origins at all refuse everybody."""
    assert (await served.client.get("/config/")).status_code == 200

    served.server.follow(Admin(origins=origins))

    refused = await served.client.get("/config/")
    assert refused.json() == {"error": f"host not allowed: localhost:{served.port}"}


async def test_what_is_asked_is_answered_at_the_end(served: Served) -> None:
    """A server that is drained takes nobody in, and leaves nobody without an answer."""
    asking = asyncio.create_task(served.client.get("/slow"))
    await asyncio.sleep(0.1)

    await served.server.drain(5.0)
    answer = await asking

    assert (answer.status_code, answer.headers["connection"]) == (200, "close")


async def test_requests_are_counted(served: Served) -> None:
    """By pattern, method and status; a path makes no count of its own."""
    for target in ("/config/a", "/config/b", "/id/a", "/nope"):
        await served.client.get(target)

    assert served.counts.requests == {
        ("/config/", "GET", 200): 3,
        ("/id/", "GET", 200): 1,
    }


class Guarded:
    """Lets clients ask for IDs, and not for the configuration."""

    def admit(self, request: Request) -> Headers:
        """Refuse what is below `/config/`."""
        if request.path.startswith("/config/"):
            raise APIError(HTTPStatus.FORBIDDEN, "not authorized to access this path")
        return ()


async def test_an_id_is_no_way_around_a_rule(served: Served) -> None:
    """Who may ask for an ID may not therefore ask for what it stands for."""
    sent: list[Message] = []
    scope: Scope = {
        "method": "GET",
        "path": "/id/x",
        "raw_path": b"/id/x",
        "query_string": b"",
        "headers": [],
        "client": None,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    await API(ENDPOINTS, Guarded(), served.counts)(scope, receive, send)

    assert sent[0]["status"] == 403
