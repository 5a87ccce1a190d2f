"""log_append: add a field to the access log.

Syntax::

    log_append [<matcher>] [<]<field> <value>

The value is text, one placeholder, or the name of a variable (`vars`). It is read when the
response is made; with `<` before the field's name, before that. `{http.response.body}` and
`{http.response.body_base64}` are the body of the response, which is kept in memory for that.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path

from snake.core.thread import in_thread
from snake.http.null import NULL
from snake.http.placeholders import lookup
from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerModule,
    Message,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    Words,
    warn_of_rest,
)

Value = Callable[[Request], object]

BODIES: dict[str, Callable[[bytes], str]] = {
    "{http.response.body}": lambda body: body.decode("utf-8", "replace"),
    "{http.response.body_base64}": lambda body: b64encode(body).decode(),
}


class LogAppend(HandlerModule):
    """The JSON of `http.handlers.log_append`."""

    id = "http.handlers.log_append"

    key: str = ""
    value: str = ""
    early: bool = False

    async def provision(self, ctx: Context) -> Handler:
        """Compile the value."""
        del ctx
        if self.value in BODIES:
            return self._with_body(BODIES[self.value])
        read = _reader(self.value)
        return self._before(read) if self.early else self._after(read)

    def _before(self, read: Value) -> Handler:
        def log_append(request: Request, send: Send, next: Next) -> Awaitable[None]:
            request.log_field(self.key, read(request))
            return next(request, send)

        return log_append

    def _after(self, read: Value) -> Handler:
        async def log_append(request: Request, send: Send, next: Next) -> None:
            try:
                await next(request, send)
            finally:
                request.log_field(self.key, read(request))

        return log_append

    def _with_body(self, written: Callable[[bytes], str]) -> Handler:
        async def log_append(request: Request, send: Send, next: Next) -> None:
            body = _Copy(send)
            try:
                await next(request, body)
            finally:
                request.log_field(self.key, written(b"".join(body.parts)))

        return log_append


class _Copy:
    """A `send` that keeps a copy of the body."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.parts.append(bytes(message.get("body", b"")))
        elif message["type"] == "http.response.pathsend":
            self.parts.append(await in_thread(Path(message["path"]).read_bytes))
        await self._send(message)


def _reader(text: str) -> Value:
    """Return what reads a value: a placeholder's, as it is, a variable's, or the text itself."""
    if text.startswith("{") and text.endswith("}") and text.count("{") == 1:
        get = lookup(text.strip("{}")) or (lambda _: None)
        return lambda request: None if (value := get(request)) is NULL else value

    def variable(request: Request) -> object:
        value = request.variable(text)
        return text if value is None else value

    return variable


def parse(line: Segment, scope: Scope) -> LogAppend:
    """Read a `log_append` line."""
    words = Words(line)
    key = words.take("a field and a value").text
    value = words.take("a value after the field").text
    warn_of_rest(words, scope)
    early = key.startswith("<") and key != "<"
    return LogAppend(key=key[early:], value=value, early=early)


directive = Directive("log_append", parse)
