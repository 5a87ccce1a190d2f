"""Clients that count truthfully: a request without a complete response with status 200 has failed.

hey asks again in silence when a connection ends in place of a response, and wrk can neither
leave a connection idle nor make a new one for each request. Nothing is asked again here.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import Enum
from statistics import quantiles
from time import perf_counter
from typing import Any

import uvloop

PATIENCE = 10.0
"""Seconds after which a response has not come."""
PAUSE = 0.5
"""Seconds that a connection is idle, on average, in the style of that name."""


class Style(Enum):
    """How a client uses its connections."""

    BUSY = "busy"
    """One connection, kept alive, and the next request as soon as there is an answer."""
    NEW = "new"
    """A connection for each request."""
    IDLE = "idle"
    """One connection, kept alive, that lies idle for a while between two requests."""


class NoAnswerError(Exception):
    """A request got no complete response with status 200; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response with status 200."""

    fields: dict[bytes, bytes]
    """Its header, the names in small letters."""
    body: bytes

    @property
    def process(self) -> str:
        """Which process gave it, if the app says so."""
        return self.fields.get(b"x-process", b"").decode()

    @property
    def imported(self) -> float:
        """How many seconds that process took to import the app."""
        return float(self.fields.get(b"x-import", b"0"))


@dataclass(slots=True)
class Seen:
    """What all clients saw together."""

    begun: int = 0
    times: list[float] = field(default_factory=list)
    """Milliseconds of each answered request, with its connection where it needed a new one."""
    failures: Counter[str] = field(default_factory=Counter)
    processes: Counter[str] = field(default_factory=Counter)
    """How many answers came from each."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def answered(self, answer: Answer, milliseconds: float) -> None:
        """Count a request that was answered."""
        self.times.append(milliseconds)
        self.processes[answer.process] += 1
        self._news.set()

    async def until_answers(self, count: int) -> None:
        """Wait until so many requests were answered."""
        while len(self.times) < count:
            self._news.clear()
            await self._news.wait()

    async def until_processes(self, count: int) -> None:
        """Wait until so many processes have answered."""
        while len(self.processes) < count:
            self._news.clear()
            await self._news.wait()

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return percentile(self.times, 99)

    @property
    def failed(self) -> int:
        """How many requests got no answer."""
        return self.failures.total()


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many per cent of them do not exceed; not a number for none."""
    if len(values) < 2:
        return values[0] if values else math.nan
    return quantiles(values, n=100, method="inclusive")[percent - 1]


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._data = b""
        self._why = ""

    @property
    def usable(self) -> bool:
        """Whether the server has left it open, as far as is known here."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what writes."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Add to the response; what belongs to none fails the next request."""
        self._data += data
        if self._answer is None or self._answer.done():
            self._fail("bytes that belong to no response")
            return
        try:
            answer = _parse(self._data)
        except (NoAnswerError, ValueError, KeyError) as error:
            self._fail(f"{type(error).__name__}: {error}")
            return
        if answer is not None:
            self._data = b""
            self._answer.set_result(answer)
            if answer.fields.get(b"connection") == b"close":
                self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Fail the request that is under way."""
        self._fail(f"{error or 'closed'} after {'some' if self._data else 'no'} bytes")

    async def ask(self, request: bytes) -> Answer:
        """Send a request and wait for its response. Raises `NoAnswerError`."""
        if not self.usable or self._transport is None:
            raise NoAnswerError(self._why)
        self._data = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close it now."""
        if self._transport is not None:
            self._transport.close()

    def _fail(self, why: str) -> None:
        self._why = self._why or why
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(NoAnswerError(self._why))
        self.close()


def _parse(data: bytes) -> Answer | None:
    """Return the response when it is complete. Raises what is wrong with it."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.split(b"\r\n")
    if not first.startswith(b"HTTP/1.1 200 "):
        raise NoAnswerError(first.decode("latin-1"))
    fields = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
    length = int(fields[b"content-length"])
    if len(body) > length:
        raise NoAnswerError("more than the length of the response")
    return Answer(fields, body) if len(body) == length else None


class Client:
    """Asks for one path, on one connection at a time."""

    def __init__(self, port: int, path: str, host: str = "127.0.0.1") -> None:
        self._port = port
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        self._connection: Connection | None = None

    async def ask(self) -> Answer:
        """Ask once, on a new connection if there is none to use. Raises `NoAnswerError`."""
        try:
            async with asyncio.timeout(PATIENCE):
                if self._connection is None or not self._connection.usable:
                    self._connection = await self._connect()
                return await self._connection.ask(self._request)
        except (OSError, TimeoutError) as error:
            self.close()
            raise NoAnswerError(f"{type(error).__name__}: {error}") from None

    def close(self) -> None:
        """Close its connection, if it has one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, "127.0.0.1", self._port)
        return connection


async def load(
    client: Callable[[], Client],
    styles: Sequence[Style],
    over: asyncio.Event,
    seen: Seen,
    most: float = math.inf,
) -> None:
    """Run one client for each style until it is over, or `most` requests were begun."""
    async with asyncio.TaskGroup() as group:
        for style in styles:
            group.create_task(_client(client(), style, over, seen, most))


async def _client(
    client: Client, style: Style, over: asyncio.Event, seen: Seen, most: float
) -> None:
    while not over.is_set() and seen.begun < most:
        seen.begun += 1
        began = perf_counter()
        try:
            answer = await client.ask()
        except NoAnswerError as error:
            seen.failures[f"{style.value}: {error}"] += 1
            continue
        seen.answered(answer, (perf_counter() - began) * 1e3)
        if style is Style.NEW:
            client.close()
        elif style is Style.IDLE:
            await asyncio.sleep(random.uniform(0, 2 * PAUSE))
    client.close()


async def quiet(client: Callable[[], Client], styles: Sequence[Style], seconds: float) -> Seen:
    """Load for so long, and return what was seen."""
    seen = Seen()
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await load(client, styles, over, seen)
    return seen


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run a driver's main coroutine on the fastest loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
