"""Recorder: the `send` of a response that may be held back, to change it or answer in its place.

What decides sees the status and every field, those set early included. A response that
is not held is passed on as it comes, and so is nobody's answer; one that is held stays
here, whole, until the handler sends it after all or drops it. Its fields are early ones
then (`request.early`): they go out with whatever answers in its place, unless that has
its own of the name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from snake.core.thread import in_thread
from snake.http.handler import Message, Send
from snake.http.request import Request
from snake.http.response import Header
from snake.transport.asgi import NOTHING, ResponseStartedError

PATHSEND = "http.response.pathsend"
TRAILERS = "http.response.trailers"

Holds = Callable[[int, list[Header]], bool]
"""Whether to hold a response, by its status and its fields (names in lower case)."""


class Recorder:
    """The `send` of one response; to be passed to `next`, which returns when all of it is here."""

    __slots__ = ("_body", "_file", "_holds", "_next", "_request", "_send", "_start", "_trailers")

    def __init__(self, request: Request, send: Send, holds: Holds) -> None:
        self._request = request
        self._send = send
        self._holds = holds
        self._start: Message | None = None
        self._body: list[bytes] = []
        self._file: Message = {}
        self._trailers: list[Message] = []
        self._next: Callable[[Message], Awaitable[None]] = self._begin

    def __call__(self, message: Message) -> Awaitable[None]:
        """Take one message of the response."""
        return self._next(message)

    # What is held -------------------------------------------------------------------

    @property
    def held(self) -> bool:
        """Whether there is a response, and it is held."""
        return self._start is not None

    @property
    def status(self) -> int:
        """The status of the held response."""
        return self._held["status"]  # type: ignore[no-any-return]

    @property
    def headers(self) -> list[Header]:
        """The fields of the held response, those set early first. Change it to change them."""
        if self._request.early is None:
            self._request.early = []
        return self._request.early

    @headers.setter
    def headers(self, headers: list[Header]) -> None:
        self._request.early = headers

    async def body(self) -> bytes:
        """Return the whole body of the held response."""
        if self._file:
            return await in_thread(self._read)
        return b"".join(self._body)

    def _read(self) -> bytes:
        with Path(self._file["path"]).open("rb") as file:
            file.seek(self._file.get("offset", 0))
            return file.read(self._file.get("count", -1))

    # What may become of it ----------------------------------------------------------

    async def send(self, *, status: int | None = None, body: bytes | None = None) -> None:
        """Send the held response on, what is given in the place of its own.

        A Content-Length that is there becomes that of a new body, which has no trailers.
        """
        start = self._held
        if status is not None:
            start["status"] = status
        if body is not None:
            self.headers = [
                (name, b"%d" % len(body) if name == b"content-length" else value)
                for name, value in self.headers
            ]
            start.pop("trailers", None)
        await self._send(start)
        await self.send_body(body)
        if start.get("trailers"):
            for trailers in self._trailers:
                await self._send(trailers)

    async def send_body(self, body: bytes | None = None) -> None:
        """Send the held body, or this one, where the start of another response went before."""
        if body is None and self._file:
            await self._send(self._file)
            return
        content = b"".join(self._body) if body is None else body
        await self._send({"type": "http.response.body", "body": content})

    # The steps of a response, each the `_next` of the one before --------------------

    @property
    def _held(self) -> Message:
        assert self._start is not None, "no response is held"  # noqa: S101
        return self._start

    def _begin(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start" and not message.get("unanswered"):
            early = self._request.early or ()
            fields = [*early, *(message.get("headers") or ())]
            if self._holds(message["status"], fields):
                self._request.early = fields
                message["headers"] = []
                self._start = message
                self._next = self._keep
                return NOTHING
        self._next = self._send
        return self._send(message)

    def _keep(self, message: Message) -> Awaitable[None]:
        kind = message["type"]
        if kind == "http.response.body":
            if body := message.get("body"):
                self._body.append(bytes(body))
        elif kind == PATHSEND:
            # Who has it open closes it soon, so its descriptor is of no use.
            self._file = {key: value for key, value in message.items() if key != "fd"}
        elif kind == TRAILERS:
            self._trailers.append(message)
        elif not message.get("replaces"):
            raise ResponseStartedError("the response was started already")
        else:
            self._start = None
            self._body.clear()
            self._trailers.clear()
            return self._begin(message)
        return NOTHING
