"""Load a FastAPI app while it holds a thousand idle WebSockets, and while it holds none.

Before the end, each of the idle ones says a word and must hear it again.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import clients
import install
import memory
from contenders import started
from load import Load, LoadError, wrk
from processes import Running, StartError
from works import App

IDLE = App(
    name="idle",
    title="FastAPI with idle WebSockets",
    interface="asgi",
    module="websocket_asgi:app",
    contenders=("snake", "caddysnake", "uvicorn"),
)
HANDSHAKE = (
    b"GET /idle HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
WORD = b"still here"
PING, PONG, TEXT = 0x89, 0x8A, 0x81
AT_ONCE = 50
"""How many WebSockets are opened at the same time."""


@dataclass(frozen=True, slots=True)
class Result:
    """One server, without and with the idle ones."""

    without: Load
    beside: Load
    alive: int
    """How many of the idle ones answered in the end."""
    each: float
    """KiB that an idle one takes."""


class WebSocket(asyncio.Protocol):
    """An idle client that answers pings (RFC 6455, section 5.5)."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self.open = asyncio.get_running_loop().create_future()
        self.heard = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = transport  # type: ignore[assignment]
        self._write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        """Take the end of the handshake, and then frames."""
        self._data += data
        if not self.open.done():
            head, end, rest = self._data.partition(b"\r\n\r\n")
            if end:
                self.open.set_result(head.startswith(b"HTTP/1.1 101 "))
                self._data = rest
        while self.open.done() and len(self._data) >= 2:
            kind, length = self._data[0], self._data[1]
            payload, self._data = self._data[2 : 2 + length], self._data[2 + length :]
            if kind == PING:
                self._write(_frame(PONG, payload))
            elif kind == TEXT and not self.heard.done():
                self.heard.set_result(payload == WORD)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail what is waited for."""
        del error
        for each in (self.open, self.heard):
            if not each.done():
                each.set_result(False)

    async def say(self) -> bool:
        """Say the word, and tell whether it came back."""
        self._write(_frame(TEXT, WORD))
        return bool(await self.heard)

    def close(self) -> None:
        """Leave."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


def _frame(kind: int, payload: bytes) -> bytes:
    """Return a short frame of a client, masked with zeros."""
    return bytes((kind, 0x80 | len(payload))) + bytes(4) + payload


def main() -> int:
    """Measure and print; 1 when a server did not run, or lost an idle one."""
    options = _options()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return clients.run(_main(install.ensure(options.python), options))


async def _main(venv: Path, options: argparse.Namespace) -> int:
    found: dict[str, Result] = {}
    for name in options.only:
        try:
            with started(name, IDLE, venv) as server:
                found[name] = await _measure(server, options)
        except (StartError, LoadError, TimeoutError) as error:
            print(f"{name}: {str(error) or 'no answer in time'}", file=sys.stderr)
    print(_table(found, options.idle))
    whole = all(each.alive == options.idle and not each.beside.errors for each in found.values())
    return 0 if whole and len(found) == len(options.only) else 1


async def _measure(server: Running, options: argparse.Namespace) -> Result:
    url = f"http://127.0.0.1:{server.port}/hello"

    async def load(seconds: int) -> Load:
        return await asyncio.to_thread(wrk, url, options.connections, seconds, {})

    await load(options.warmup)
    without = await load(options.seconds)
    before = memory.pss(server.pids)
    idle = await _open(server.port, options.idle)
    try:
        each = (memory.pss(server.pids) - before) * 1024 / options.idle
        beside = await load(options.seconds)
        async with asyncio.timeout(clients.PATIENCE):
            alive = sum(await asyncio.gather(*(each.say() for each in idle)))
    finally:
        for websocket in idle:
            websocket.close()
    return Result(without, beside, alive, each)


async def _open(port: int, count: int) -> Sequence[WebSocket]:
    """Open so many WebSockets. Raises `StartError`."""
    loop = asyncio.get_running_loop()
    turn = asyncio.Semaphore(AT_ONCE)

    async def one() -> WebSocket:
        async with turn, asyncio.timeout(clients.PATIENCE):
            _, websocket = await loop.create_connection(WebSocket, "127.0.0.1", port)
            if not await websocket.open:
                raise StartError("a WebSocket was refused")
            return websocket

    return await asyncio.gather(*(one() for _ in range(count)))


def _table(found: dict[str, Result], count: int) -> str:
    columns = ("req/s", "of none", "p99 ms", "of none", "KiB each", "alive")
    lines = [f"{f'beside {count:,} idle ones':<28}" + "".join(f"{name:>10}" for name in columns)]
    for name, each in found.items():
        without, beside = each.without, each.beside
        lines.append(
            f"  {name:<26}{beside.rate:>10,.0f}{beside.rate / without.rate:>8.2f} x"
            f"{beside.p99:>10.1f}{beside.p99 / without.p99:>8.2f} x"
            f"{each.each:>10.1f}{each.alive:>10}"
        )
    ours = found.get("snake")
    lines += [
        f"  snake is {ours.beside.rate / each.beside.rate:.2f} x {name},"
        f" its p99 {ours.beside.p99 / each.beside.p99:.2f} x,"
        f" its memory {ours.each / each.each:.2f} x"
        for name, each in found.items()
        if ours and name != "snake"
    ]
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = IDLE.contenders
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="which servers")
    parser.add_argument("--idle", type=int, default=1000, help="WebSockets (1000)")
    parser.add_argument("--connections", type=int, default=100, help="clients at once (100)")
    parser.add_argument("--seconds", type=int, default=5, help="of each load (5)")
    parser.add_argument("--warmup", type=int, default=2, help="load before it, not counted (2)")
    parser.add_argument("--python", help="interpreter (3.13 or 3.12 if found)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
