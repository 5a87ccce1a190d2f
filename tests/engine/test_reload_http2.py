"""Reloads while clients of HTTP/2 ask without a pause: each goes elsewhere, and loses nothing."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, PingFrame

from tests.server import running
from tests.transport.raw_http2 import Raw, window
from tests.transport.wire import Client, until

CADDYFILE = '{\n\tadmin off\n}\nhttp://localhost:PORT {\n\trespond "hello"\n}\n'
AT_A_TIME = 4


class Asking:
    """Clients that keep some requests under way, and heed what a server says when it goes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.over = False
        self.answered = 0
        self.lost = 0
        self.connections = 0

    async def run(self) -> None:
        """Ask on one connection after the other."""
        while not self.over:
            self.connections += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            await self._ask(Raw(Client(reader, writer)))
            writer.close()

    async def _ask(self, raw: Raw) -> None:
        fields = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"),
                  (":path", "/")]  # fmt: skip
        await raw.begin()
        await raw.send(*(raw.request(fields) for _ in range(AT_A_TIME)))
        under_way = set(range(1, raw.last + 1, 2))
        is_told = False
        while under_way and (frame := await raw.frame()) is not None:
            answers: list[Frame | bytes] = []
            if isinstance(frame, GoAwayFrame):
                is_told = True  # what it says it has not seen may be asked again
                under_way = {each for each in under_way if each <= frame.last_stream_id}
            elif isinstance(frame, PingFrame):
                answers.append(PingFrame(0, frame.opaque_data, flags=["ACK"]))
            elif isinstance(frame, DataFrame):
                answers.append(window(0, frame.flow_controlled_length))
            if "END_STREAM" in frame.flags:
                under_way.discard(frame.stream_id)
                self.answered += 1
                if not (is_told or self.over):
                    answers.append(raw.request(fields))
                    under_way.add(raw.last)
            if answers:
                await raw.send(*answers)
        self.lost += len(under_way)


@pytest.mark.slow
async def test_no_request_is_lost(tmp_path: Path) -> None:
    """Every request that a server has seen is answered, before and after its GOAWAY."""
    with running(CADDYFILE, tmp_path) as server:
        asking = Asking(server.port)
        clients = [asyncio.create_task(asking.run()) for _ in range(5)]
        await until(lambda: asking.answered > 100)
        for count in (1, 2):
            server.send(signal.SIGUSR1)
            await asyncio.to_thread(server.wait_for, "reloaded the configuration", count=count)
            await until(lambda moved=5 * (count + 1): asking.connections >= moved)  # type: ignore[misc]
        asking.over = True
        await asyncio.gather(*clients)
    assert asking.lost == 0
