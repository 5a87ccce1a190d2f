"""Answers, a stream of server-sent events, and a WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, list[str]]]:
    """Open what every request needs; close it when the worker stops."""
    del app
    words = ["one", "two", "three"]
    yield {"words": words}
    words.clear()


app = FastAPI(lifespan=lifespan)


@app.get("/words/{number}")
async def word(number: int, request: Request) -> dict[str, str]:
    """Return one word."""
    return {"word": request.state.words[number % 3]}


@app.get("/events")
async def events(request: Request) -> StreamingResponse:
    """Send the words one after the other."""

    async def stream() -> AsyncIterator[str]:
        for each in request.state.words:
            yield f"data: {each}\n\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """Send back each text, reversed."""
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text[::-1])
