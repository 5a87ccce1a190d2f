"""The network writer, with real sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from snake.core.errors import StartError
from snake.core.modules import Context, Registry
from snake.logs import sender
from snake.logs.net import Net
from snake.logs.writers import Writer
from snake.standard import MODULES


class Collector:
    """Takes lines over TCP, on a port that it keeps; can go away and come back."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []

    def _listen(self, port: int) -> socket.socket:
        made = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(made,), daemon=True).start()
        return made

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            self._open.append(connected)
            threading.Thread(target=self._read, args=(connected,), daemon=True).start()

    def _read(self, connected: socket.socket) -> None:
        try:
            with connected.makefile("rb") as file:
                self.lines.extend(file)
        except OSError:
            pass

    def go(self) -> None:
        """Close everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def come_back(self) -> None:
        """Listen again."""
        self._listener = self._listen(self.port)

    def wait_for(self, count: int) -> list[bytes]:
        """Return the lines, once there are so many."""
        for _ in range(400):
            if len(self.lines) >= count:
                break
            time.sleep(0.02)
        return self.lines


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Return a collector that runs."""
    made = Collector()
    yield made
    made.go()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Return a stack that closes what a test opens."""
    async with AsyncExitStack() as opened:
        yield opened


async def opened(stack: AsyncExitStack, **fields: object) -> Writer:
    """Open a writer."""
    return await Net(**fields).provision(Context(Registry(MODULES), stack))  # type: ignore[arg-type]


async def test_lines_arrive_in_order(stack: AsyncExitStack, collector: Collector) -> None:
    """All of them, also what is written just before the end."""
    writer = await opened(stack, address=f"127.0.0.1:{collector.port}")
    for number in range(500):
        writer.write(b"%d\n" % number)
    await stack.aclose()
    assert collector.wait_for(500) == [b"%d\n" % number for number in range(500)]


async def test_a_collector_that_goes_and_comes_back(
    stack: AsyncExitStack, collector: Collector, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is written meanwhile is kept, and it is said once that it went and came."""
    writer = await opened(stack, address=f"tcp/127.0.0.1:{collector.port}")
    writer.write(b"before\n")
    await asyncio.to_thread(collector.wait_for, 1)
    collector.go()
    await asyncio.sleep(0.1)
    for number in range(5):
        writer.write(b"during %d\n" % number)
        await asyncio.sleep(0.05)
    collector.come_back()
    writer.write(b"after\n")
    found = await asyncio.to_thread(collector.wait_for, 7)
    assert found == [b"before\n", *(b"during %d\n" % number for number in range(5)), b"after\n"]
    await stack.aclose()
    said = capfd.readouterr().err
    assert said.count("cannot send log lines to 127.0.0.1:") == 1
    assert said.count("log lines are sent to 127.0.0.1:") == 1


async def test_nobody_there(
    stack: AsyncExitStack, collector: Collector, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is an error when the config is loaded, unless `soft_start` allows it."""
    collector.go()
    with pytest.raises(StartError, match=r"cannot connect to 127\.0\.0\.1:"):
        await opened(stack, address=f"127.0.0.1:{collector.port}")
    writer = await opened(stack, address=f"127.0.0.1:{collector.port}", soft_start=True)
    writer.write(b"early\n")
    assert "trying again" in capfd.readouterr().err
    collector.come_back()
    assert await asyncio.to_thread(collector.wait_for, 1) == [b"early\n"]


async def test_what_cannot_be_kept_goes_to_stderr(
    stack: AsyncExitStack,
    collector: Collector,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So no line is lost and memory is bounded; what is left at the end goes there too."""
    monkeypatch.setattr(sender, "LARGEST", 20)
    collector.go()
    writer = await opened(stack, address=f"127.0.0.1:{collector.port}", soft_start=True)
    for number in range(10):
        writer.write(b"line %d\n" % number)
    await stack.aclose()
    collector.come_back()
    said = capfd.readouterr().err
    assert all(said.count(f"line {number}\n") == 1 for number in range(10))


async def test_a_datagram_for_each_line(stack: AsyncExitStack, tmp_path: Path) -> None:
    """By UDP and by a Unix socket of datagrams; by a Unix stream, as by TCP."""
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as udp,
        closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as unix,
    ):
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(tmp_path / "s"))
        for address, bound in (
            (f"udp/127.0.0.1:{udp.getsockname()[1]}", udp),
            (f"unixgram/{tmp_path}/s", unix),
        ):
            bound.settimeout(10)
            writer = await opened(stack, address=address)
            writer.write(b"one\ntwo\n")
            assert [await asyncio.to_thread(bound.recv, 100) for _ in "12"] == [b"one", b"two"]
