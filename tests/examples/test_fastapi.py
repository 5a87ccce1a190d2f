"""examples/fastapi."""

from __future__ import annotations

from pathlib import Path

from websockets.sync.client import connect

from tests.examples.example import example


def test_fastapi_has_lifespan_events_and_websocket(tmp_path: Path) -> None:
    """The app has what its lifespan yields, streams events, and echoes over a WebSocket."""
    with example("fastapi", tmp_path) as served:
        word = served.get("/words/1")
        invalid = served.get("/words/first")
        events = served.get("/events")
        with connect(f"ws://localhost:{served.port}/echo") as socket:
            socket.send("snake")
            echo = socket.recv(timeout=10)

    assert word.json() == {"word": "two"}
    assert invalid.status_code == 422
    assert events.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert events.text == "data: one\n\ndata: two\n\ndata: three\n\n"
    assert echo == "ekans"
