"""Frames and heads: what is written is read, however it is cut up; what is none is an error."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.app.environ import URI
from snake.pool import request_head
from snake.pool.frames import (
    BODY,
    END,
    LONGEST,
    PIECES,
    START,
    TEXT,
    Event,
    FrameError,
    Frames,
    close,
    frame,
    join,
    read_close,
    read_start,
    split,
    start,
    waited,
)
from snake.transport.asgi import HALF_CLOSE, decode_path

encode = msgspec.json.Encoder().encode
FRAMES = st.lists(st.tuples(st.sampled_from([START, BODY, END, TEXT]), st.binary(max_size=40)))
FIELD = st.binary(max_size=10).filter(lambda data: b"\0" not in data)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


def feed(data: bytes, cuts: list[int]) -> list[Event]:
    """Return all events of a stream that comes in pieces, those of one body joined."""
    frames = Frames()
    ends = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    events: list[Event] = []
    for at, end in itertools.pairwise(ends):
        for kind, payload, left in frames.feed(data[at:end]):
            if events and events[-1][2]:
                payload = events.pop()[1] + payload  # noqa: PLW2901
            events.append((kind, payload, left))
    return events


@given(FRAMES, st.lists(st.integers(1, 200)))
def test_frames_are_the_same_however_they_come(sent: list[tuple[int, bytes]], cuts: Any) -> None:
    """Where the system cuts a stream is of no matter."""
    data = b"".join(frame(kind, payload) for kind, payload in sent)

    assert feed(data, cuts) == [(kind, payload, 0) for kind, payload in sent]


@given(st.lists(st.binary(max_size=50)))
def test_any_bytes_are_frames_or_an_error(pieces: list[bytes]) -> None:
    """Nothing else comes out of what is none."""
    frames = Frames()
    try:
        for piece in pieces:
            for kind, payload, left in frames.feed(piece):
                assert left == 0 or kind in PIECES
                assert isinstance(payload, bytes)
    except FrameError:
        pass


@pytest.mark.parametrize("kind", [START, TEXT])
def test_frame_that_is_too_long_is_refused_at_once(kind: int) -> None:
    """What would have to be kept is refused by its length, before it is there."""
    with pytest.raises(FrameError, match="bytes"):
        Frames().feed(bytes([kind]) + (1 << 30).to_bytes(4, "big"))


def test_head_that_is_too_long_is_not_sent() -> None:
    """An app hears where it says too much."""
    with pytest.raises(FrameError, match="bytes"):
        start(START, 200, [(b"x", bytes([120]) * LONGEST)])


@given(st.lists(st.tuples(FIELD, FIELD), min_size=1), st.integers(0, 65_535), st.floats(0, 10_000))
def test_fields_and_status_travel(fields: Any, status: int, seconds: float) -> None:
    """What is joined is split into the same."""
    assert split(join(fields)) == fields
    said = start(START, status, fields, 1, seconds)[5:]
    assert read_start(said) == (status, 1, fields)
    assert waited(said) == pytest.approx(min(seconds, 4294.967295), abs=1e-6)


def test_no_fields_travel() -> None:
    """A response may have no fields at all."""
    assert split(join([])) == []


@pytest.mark.parametrize("field", [(b"a\0", b"b"), (b"a", b"b\0c")])
def test_field_with_nul_does_not_travel(field: Any) -> None:
    """What would become two fields is refused."""
    with pytest.raises(ValueError, match="NUL"):
        join([field])


@given(st.integers(0, 65_535), TEXTS)
def test_close_travels(code: int, reason: str) -> None:
    """The code and the reason of a WebSocket's end arrive."""
    assert read_close(close(code, reason)[5:]) == (code, reason)


ADDRESS = st.none() | st.tuples(TEXTS, st.none() | st.integers(0, 65_535))


@given(
    raw=st.binary(max_size=20),
    query=st.binary(max_size=10),
    root=TEXTS,
    addresses=st.tuples(ADDRESS, ADDRESS),
    fields=st.lists(st.tuples(FIELD, FIELD), min_size=1),
    half_close=st.booleans(),
)
def test_scope_travels(  # noqa: PLR0913
    raw: bytes, query: bytes, root: str, addresses: Any, fields: Any, *, half_close: bool
) -> None:
    """The app's process sees the scope that the worker saw."""
    client, server = addresses
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": decode_path(raw),
        "raw_path": raw,
        "query_string": query,
        "root_path": root,
        "headers": fields,
        "client": client,
        "server": server,
        "extensions": {HALF_CLOSE: {}} if half_close else {},
        URI: b"/before?" + query,
    }

    read, body = request_head.read(request_head.write(scope, request_head.WHOLE_BODY, encode))

    assert body == request_head.WHOLE_BODY
    assert (HALF_CLOSE in read.pop("extensions")) is half_close
    del scope["extensions"]
    assert read == scope
