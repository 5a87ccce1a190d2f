"""Recorder: what passes, what is held, and what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snake.http.handler import Message
from snake.http.recorder import Recorder
from snake.http.request import Request
from snake.transport.asgi import ResponseStartedError

START: Message = {
    "type": "http.response.start",
    "status": 201,
    "headers": [(b"content-length", b"4"), (b"x", b"own")],
}


class Recording:
    """A recorder, and what came out of it."""

    def __init__(self, *, holds: bool) -> None:
        self.sent: list[Message] = []
        self.asked: list[tuple[int, Any]] = []
        self.request = Request({"type": "http", "headers": []}, _receive)
        self.request.early = [(b"x", b"early")]

        def decide(status: int, headers: Any) -> bool:
            self.asked.append((status, headers))
            return holds

        self.recorder = Recorder(self.request, self._send, decide)

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    async def say(self, *messages: Message) -> None:
        """Send messages to the recorder."""
        for message in messages:
            await self.recorder({**message})


async def _receive() -> Message:
    return {"type": "http.disconnect"}


def body(data: bytes, *, more: bool = False) -> Message:
    """Return a message with a part of a body."""
    return {"type": "http.response.body", "body": data, "more_body": more}


async def test_what_is_not_held_streams() -> None:
    """Each message goes on as it comes, and fields set early are not touched."""
    recording = Recording(holds=False)
    for count, message in enumerate([START, body(b"ab", more=True), body(b"cd")], 1):
        await recording.say(message)
        assert recording.sent[-1] == message
        assert len(recording.sent) == count

    assert not recording.recorder.held
    assert recording.request.early == [(b"x", b"early")]


async def test_the_decision_sees_all_fields() -> None:
    """Those that were set early come first."""
    recording = Recording(holds=True)
    await recording.say(START)

    fields = [(b"x", b"early"), (b"content-length", b"4"), (b"x", b"own")]
    assert recording.asked == [(201, fields)]
    assert recording.recorder.headers == fields


async def test_what_is_held_waits_as_a_whole() -> None:
    """Nothing of it is sent until the handler sends it."""
    recording = Recording(holds=True)
    await recording.say(START, body(b"ab", more=True), body(b"cd"))
    assert recording.sent == []
    assert (recording.recorder.status, await recording.recorder.body()) == (201, b"abcd")

    await recording.recorder.send()
    assert recording.sent == [
        {"type": "http.response.start", "status": 201, "headers": []},
        {"type": "http.response.body", "body": b"abcd"},
    ]
    assert recording.request.early == recording.recorder.headers


async def test_another_status_and_body() -> None:
    """The length that is told is that of the new body."""
    recording = Recording(holds=True)
    await recording.say(START, body(b"abcd"))
    await recording.recorder.send(status=404, body=b"another")

    assert recording.sent[0]["status"] == 404
    assert recording.sent[1]["body"] == b"another"
    assert (b"content-length", b"7") in recording.recorder.headers


async def test_a_file_is_read_when_its_body_is_wanted(tmp_path: Path) -> None:
    """Else it goes on by its path, for the transport to send."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    recording = Recording(holds=True)
    await recording.say(START, {"type": "http.response.pathsend", "path": str(path)})
    assert await recording.recorder.body() == b"content"

    await recording.recorder.send()
    assert recording.sent[1] == {"type": "http.response.pathsend", "path": str(path)}


async def test_a_part_of_a_file_stays_one(tmp_path: Path) -> None:
    """Of an open file, a part may be sent; later there is its path, and no descriptor."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    part = {"type": "http.response.pathsend", "path": str(path), "offset": 2, "count": 3}
    recording = Recording(holds=True)
    await recording.say(START, {**part, "fd": 99})

    assert await recording.recorder.body() == b"nte"
    await recording.recorder.send()
    assert recording.sent[1] == part


async def test_an_error_page_takes_the_place_of_what_is_held() -> None:
    """A second response that does not say so is refused, as the transport refuses it."""
    recording = Recording(holds=True)
    await recording.say(START, body(b"ab", more=True))
    with pytest.raises(ResponseStartedError):
        await recording.say(START)
    await recording.say({**START, "status": 500, "replaces": True}, body(b"page"))

    assert recording.recorder.status == 500
    assert await recording.recorder.body() == b"page"


async def test_nobody_answered() -> None:
    """The end of all routes is no answer, and passes."""
    recording = Recording(holds=True)
    await recording.say({**START, "unanswered": True}, body(b""))

    assert len(recording.sent) == 2
    assert recording.asked == []
    assert not recording.recorder.held


async def test_no_response() -> None:
    """A WebSocket's messages pass, and nothing is held."""
    recording = Recording(holds=True)
    accept = {"type": "websocket.accept", "headers": []}
    await recording.say(accept)

    assert recording.sent == [accept]
    assert not recording.recorder.held


async def test_trailers_are_held_with_the_body() -> None:
    """Trailers follow the body that they belong to; another body has none."""
    trailers: Message = {"type": "http.response.trailers", "headers": [(b"sum", b"1")]}
    start = {**START, "trailers": True}
    for other, types in [
        (None, ["http.response.start", "http.response.body", "http.response.trailers"]),
        (b"other", ["http.response.start", "http.response.body"]),
    ]:
        recording = Recording(holds=True)
        await recording.say(start, body(b"ab", more=True), body(b"cd"), trailers)
        await recording.recorder.send(body=other)

        assert [message["type"] for message in recording.sent] == types
        assert bool(recording.sent[0].get("trailers")) is (other is None)
