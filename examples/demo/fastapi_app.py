"""A FastAPI app with lifespan and a WebSocket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI, Request, WebSocket


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
    """Note when this worker started; requests find it in their state."""
    del app
    yield {"started": datetime.now(UTC).isoformat(timespec="seconds")}


app = FastAPI(title="FastAPI on snake", lifespan=lifespan)


@app.get("/")
async def index(request: Request) -> dict[str, str | None]:
    """Show what the app is told of the request."""
    return {
        "framework": "FastAPI",
        "root_path": request.scope["root_path"],
        "client": request.client.host if request.client else None,
        "started": request.state.started,
    }


@app.get("/hello/{name}")
async def hello(name: str) -> dict[str, str]:
    """Greet."""
    return {"message": f"Hello, {name}!"}


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """Send back each text, in upper case."""
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text.upper())
