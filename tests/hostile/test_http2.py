"""HTTP/2 clients that stall, flood, or go away: each ends by itself and hinders no other stream."""

from __future__ import annotations

import asyncio

from h2.events import ConnectionTerminated, DataReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes
from hyperframe.frame import DataFrame, RstStreamFrame

from snake.transport.asgi import Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.frames import FIELDS, H2, answer
from tests.transport.wire import PATIENCE, Server, hello, serving, steady, until, whole_body

SHORT = 0.1
IMPATIENT = Settings(read_idle_timeout=SHORT, write_idle_timeout=SHORT)
POST = [(":method", "POST"), *FIELDS[1:3]]


class Site:
    """An app with a path for every kind of trouble. Its other paths answer `hello`."""

    def __init__(self) -> None:
        self.began = 0
        self.ended = 0
        self.sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and count."""
        self.began += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self.ended += 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"]:
            case "/big":
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": b"x" * 1_000_000})
            case "/endless":
                await send({"type": "http.response.start", "status": 200})
                while True:
                    await send({"type": "http.response.body", "body": b"x" * 9, "more_body": True})
                    self.sent += 9
            case "/read":
                await whole_body(receive)
                await hello(scope, receive, send)
            case "/wait":
                while (await receive())["type"] != "http.disconnect":
                    pass
            case "/unread":
                await asyncio.sleep(SHORT * 5)
                await hello(scope, receive, send)
            case _:
                await hello(scope, receive, send)

    def is_over(self) -> bool:
        """Whether every run of the app has ended."""
        return self.began > 0 and self.began == self.ended


def get(path: str) -> list[tuple[str, str]]:
    """Return the fields of a GET."""
    return [*FIELDS[:3], (":path", path)]


async def _ended(site: Site, server: Server) -> None:
    await until(site.is_over)
    await until(lambda: not server.serving.tasks)


async def test_no_window() -> None:
    """Streams whose client lets nothing through are reset after `write_idle_timeout`."""
    site = Site()
    async with serving(site, IMPATIENT) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        h2.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
        for _ in range(20):
            await h2.request(get("/big"))
        await h2.until(StreamReset)
        await until(site.is_over)


async def test_closed_window_holds_the_app() -> None:
    """An endless stream whose client lets nothing through stops at a few frames."""
    site = Site()
    async with serving(site) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        h2.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
        await h2.request(get("/endless"))
        await until(lambda: site.began)
        assert await steady(lambda: site.sent) < 100_000


async def test_slow_taker() -> None:
    """A client that takes a little now and then is not stalled, however long it needs."""
    async with serving(Site(), IMPATIENT) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        h2.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 100})
        stream = await h2.request(get("/endless"))
        for _ in range(10):
            await asyncio.sleep(SHORT / 2)
            h2.connection.increment_flow_control_window(100, stream)
            await h2.flush()
        await h2.request(get("/"))
        events = await h2.until(StreamEnded)
        assert not any(isinstance(event, StreamReset) for event in events)


async def test_upload_gone_silent() -> None:
    """A body that stops coming is a reset after `read_idle_timeout`, and a disconnect."""
    site = Site()
    async with serving(site, IMPATIENT) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        stream = h2.connection.get_next_available_stream_id()
        h2.connection.send_headers(stream, [*POST, (":path", "/read")])
        h2.connection.send_data(stream, b"x" * 10)
        await h2.flush()
        await h2.until(StreamReset)
        await until(site.is_over)


async def test_thinking_is_not_stalling() -> None:
    """No timeout counts while the app thinks."""
    async with serving(Site(), IMPATIENT) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(get("/unread"))
        assert answer(await h2.until(StreamEnded))[b":status"] == b"200"


async def test_stalled_then_reset() -> None:
    """Streams that stall leave nothing behind when the connection is reset."""
    site = Site()
    async with serving(site) as server:
        for _ in range(10):
            async with server.client() as client:
                h2 = H2(client)
                await h2.begin()
                began = site.began
                await h2.request(get("/endless"))
                await until(lambda began=began: site.began > began)  # type: ignore[misc]
                client.reset()
        await _ended(site, server)


async def test_stream_reset_at_once() -> None:
    """HEADERS and RST_STREAM together end the app that would send for ever."""
    site = Site()
    async with serving(site) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        for path in ("/endless", "/wait", "/big", "/read"):
            stream = h2.connection.get_next_available_stream_id()
            h2.connection.send_headers(stream, get(path), end_stream=path != "/read")
            h2.connection.reset_stream(stream, 8)
        await h2.flush()
        await until(lambda: site.began == 4)
        await until(site.is_over)
        await h2.request(get("/"))
        assert answer(await h2.until(StreamEnded))[b":status"] == b"200"


async def test_answers_that_meet_a_reset() -> None:
    """A client may reset each part of a response that comes after it has reset the stream."""
    site = Site()
    async with serving(site) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        stream = await h2.request(get("/endless"))
        await until(lambda: site.sent > 10_000)
        h2.connection.reset_stream(stream, 8)
        await client.send(RstStreamFrame(stream, error_code=5).serialize() * 1_000)
        await h2.flush()
        await until(site.is_over)
        await h2.request(get("/"))
        assert answer(await h2.until(StreamEnded))[b":status"] == b"200"


async def test_unread_upload_hinders_nobody() -> None:
    """An app that leaves its body where it is holds up its own stream only."""
    site = Site()
    async with serving(site) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        stream = h2.connection.get_next_available_stream_id()
        h2.connection.send_headers(stream, [*POST, (":path", "/unread")])
        for _ in range(60):
            h2.connection.send_data(stream, b"x" * 1000)
        await h2.flush()
        await h2.request(get("/"))
        events = await h2.until(StreamEnded)
        assert any(isinstance(event, StreamEnded) and event.stream_id != stream for event in events)
        assert site.ended == 1


async def test_upload_after_the_answer() -> None:
    """A body that nobody wants any more does not end the connection."""
    async with serving(Site()) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        stream = h2.connection.get_next_available_stream_id()
        h2.connection.send_headers(stream, [*POST, (":path", "/")])
        await h2.flush()
        await h2.until(StreamEnded)
        for _ in range(20):  # not by the library, which knows already that it is over
            await client.send(DataFrame(stream, b"x" * 1000).serialize())
        await h2.request(get("/"))
        events = await h2.until(StreamEnded)
        assert b"".join(e.data for e in events if isinstance(e, DataReceived)) == b"hello"


async def test_large_upload() -> None:
    """A body is taken whole at the app's pace, window after window."""
    async with serving(Site()) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        stream = h2.connection.get_next_available_stream_id()
        h2.connection.send_headers(stream, [*POST, (":path", "/read")])
        left = 1_000_000
        async with asyncio.timeout(PATIENCE):
            while left:
                size = min(left, 10_000, h2.connection.local_flow_control_window(stream))
                if size:
                    left -= size
                    h2.connection.send_data(stream, b"x" * size, end_stream=not left)
                    await h2.flush()
                else:
                    h2.connection.receive_data(await client.reader.read(65536))
        assert answer(await h2.until(StreamEnded))[b":status"] == b"200"


async def test_rapid_reset() -> None:
    """A client that opens streams only to reset them is sent away (CVE-2023-44487)."""
    site = Site()
    async with serving(site) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        for _ in range(400):
            stream = h2.connection.get_next_available_stream_id()
            h2.connection.send_headers(stream, get("/wait"), end_stream=True)
            h2.connection.reset_stream(stream, 8)
        await h2.flush()
        await h2.until(ConnectionTerminated)
        await _ended(site, server)


async def test_many_requests() -> None:
    """A connection has no last request."""
    async with serving(Site()) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        for _ in range(1200):
            await h2.request(get("/"))
            assert answer(await h2.until(StreamEnded))[b":status"] == b"200"
