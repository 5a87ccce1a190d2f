"""Ways to answer: whole responses, and wrappers around `send`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable

from snake.http.handler import Message, Send
from snake.http.request import Request
from snake.transport.asgi import NOTHING

Header = tuple[bytes, bytes]


def respond(
    send: Send,
    status: int,
    headers: Iterable[Header] = (),
    body: bytes = b"",
    *,
    unanswered: bool = False,
) -> Awaitable[None]:
    """Send a whole response; header names are lower case. The transport tells its length.

    One that is sent because no handler answered is marked as `unanswered`, for those who
    change answers.
    """
    start: Message = {"type": "http.response.start", "status": status, "headers": list(headers)}
    if unanswered:
        start["unanswered"] = True
    if (whole := getattr(send, "whole", None)) and whole(start, body):
        return NOTHING
    return _in_parts(send, start, body)


async def _in_parts(send: Send, start: Message, body: bytes) -> None:
    await send(start)
    await send({"type": "http.response.body", "body": body})


def on_start(send: Send, edit: Callable[[Message], None]) -> Send:
    """Return a `send` that lets `edit` change the start message before it is sent."""

    async def edited(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = list(message.get("headers") or ())
            edit(message)
        await send(message)

    return edited


def has_header(headers: Iterable[Header], name: bytes) -> bool:
    """Whether a header of this (lower-case) name is there."""
    return any(field == name for field, _ in headers)


def drop_early(request: Request, names: Collection[bytes]) -> None:
    """Forget response headers of these (lower-case) names set early: better ones replace them."""
    if request.early:
        request.early = [field for field in request.early if field[0] not in names]


def declared_length(headers: Iterable[Header]) -> int:
    """Return the Content-Length among the headers; 0 when there is none."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
