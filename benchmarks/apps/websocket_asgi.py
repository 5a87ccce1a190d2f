"""FastAPI with a WebSocket that echoes, and that most clients leave idle."""

from __future__ import annotations

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


@app.get("/hello")
async def hello() -> dict[str, str]:
    """Greet."""
    return {"message": "Hello, World!"}


@app.websocket("/idle")
async def idle(websocket: WebSocket) -> None:
    """Say back what comes, if ever something does."""
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return
