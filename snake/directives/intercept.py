"""intercept: change the responses of what follows, or answer in their place.

Syntax::

    intercept [<matcher>] {
        @<name>         status <code...> | header <field> [<value>]
        replace_status  [@<name>] <status>
        handle_response [@<name>] { <directives...> }
    }

The first that matches a response counts. `replace_status` only changes its status;
with `handle_response`, the directives inside answer, and know the response as
`{resp.status_code}` and `{resp.header.Name}` (the name as in `X-Request-Id`). The
fields of the response stay, unless the new answer has its own; so do its status and its
body where the directives inside answer nothing. The body waits until they have run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from snake.http.fields import canonical
from snake.http.recorder import Recorder
from snake.http.response_handler import ResponseHandler, load_ways
from snake.http.response_matcher import ResponseMatch
from snake.http.routes import unanswered
from snake.matchers._response_handlers import ResponseHandlers
from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerError,
    HandlerModule,
    Header,
    Message,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    Words,
    read_block,
)


class Intercept(HandlerModule):
    """The JSON of `http.handlers.intercept`."""

    id = "http.handlers.intercept"

    handle_response: tuple[ResponseHandler, ...] = ()

    async def provision(self, ctx: Context) -> Handler:
        """Load the routes of every response handler."""
        loaded = await load_ways(ctx.at("handle_response"), self.handle_response)
        ways = [
            _Way(
                way.matches,
                way.status,
                way.routes(unanswered) if each.routes and way.status is None else None,
            )
            for way, each in zip(loaded, self.handle_response, strict=True)
        ]

        async def intercept(request: Request, send: Send, next: Next) -> None:
            choice = _Choice(request, send, ways)
            recorder = Recorder(request, choice.send, choice.holds)
            await next(request, recorder)
            if choice.routes is not None:
                _tell(request, recorder)
                answer = _Answer(send, recorder)
                await choice.routes(request, answer)
                await answer.finish()

        return intercept


class _Way(NamedTuple):
    """What happens to the responses that match: another status, or routes, or nothing."""

    matches: ResponseMatch
    status: Callable[[Request], int] | None
    routes: Next | None


class _Choice:
    """Which way a response goes."""

    __slots__ = ("_request", "_send", "_status", "_ways", "routes")

    def __init__(self, request: Request, send: Send, ways: Sequence[_Way]) -> None:
        self._request = request
        self._send = send
        self._ways = ways
        self._status = 0
        self.routes: Next | None = None

    def holds(self, status: int, headers: list[Header]) -> bool:
        """Choose; return whether the response must wait for the routes."""
        self.routes, self._status = None, 0
        for way in self._ways:
            if way.matches(status, headers):
                self.routes = way.routes
                if way.status is not None:
                    self._status = _replaced(way.status, self._request)
                break
        return self.routes is not None

    def send(self, message: Message) -> Awaitable[None]:
        """Send a response on that does not wait."""
        if self._status and message["type"] == "http.response.start":
            message["status"] = self._status
        return self._send(message)


def _replaced(status: Callable[[Request], int], request: Request) -> int:
    """Return the new status; what is none by then is a 500."""
    try:
        return status(request)
    except HandlerError as error:
        return error.status


def _tell(request: Request, recorder: Recorder) -> None:
    """Set the placeholders that describe the held response."""
    request.set_value("http.intercept.status_code", recorder.status)
    fields: dict[str, list[bytes]] = {}
    for name, value in recorder.headers:
        fields.setdefault(canonical(name.decode("latin-1")), []).append(value)
    for field, values in fields.items():
        text = b",".join(values).decode("utf-8", "surrogateescape")
        request.set_value(f"http.intercept.header.{field}", text)


class _Answer:
    """The `send` of routes that answer in place of a held response.

    Their start waits for a body: without one, that of the held response follows it.
    """

    __slots__ = ("_held", "_length", "_send", "_sent", "_start")

    def __init__(self, send: Send, held: Recorder) -> None:
        self._send = send
        self._held = held
        self._start: Message | None = None
        self._sent = False
        self._length = [field for field in held.headers if field[0] == LENGTH]
        # It is that of the held body, and the answer has one of its own.
        held.headers = [field for field in held.headers if field[0] != LENGTH]

    async def __call__(self, message: Message) -> None:
        if self._sent:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        elif message.get("body") or message.get("more_body") or message["type"] != BODY:
            self._sent = True
            if self._start is not None:
                await self._send(self._start)
            await self._send(message)

    async def finish(self) -> None:
        """Send the held response, with the status and the fields of what answered, if any did."""
        start = self._start
        if self._sent:
            return
        if start is None or start.get("unanswered"):
            self._held.headers += self._length
            await self._held.send()
            return
        if not any(name == LENGTH for name, _ in start["headers"]):
            self._held.headers += self._length
        await self._send(start)
        await self._held.send_body()


BODY = "http.response.body"
LENGTH = b"content-length"


def parse(line: Segment, scope: Scope) -> Intercept:
    """Read an `intercept` block. After an argument that is no matcher, Caddy looks at none."""
    responses = ResponseHandlers(scope)
    read_block(Words(line).block(), responses.readers())
    return Intercept(handle_response=tuple(responses.all()))


directive = Directive("intercept", parse)
