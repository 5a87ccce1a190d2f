"""copy_response: send the response of an upstream on, inside `handle_response`.

Syntax::

    copy_response [<matcher>] [<status>] {
        status <status>
    }

The status is that of the response unless given. Arguments that are no status
are ignored, as Caddy ignores them.
"""

from __future__ import annotations

from snake.core.numbers import NumberError, integer
from snake.http.status import Status, status_filler, status_json
from snake.plugin import (
    Context,
    Directive,
    Fields,
    Handler,
    HandlerModule,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    Words,
    read_block,
)
from snake.proxy.told import held_by


class CopyResponse(HandlerModule):
    """The JSON of `http.handlers.copy_response`."""

    id = "http.handlers.copy_response"

    status_code: Status = ""

    async def provision(self, ctx: Context) -> Handler:
        """Compile the status."""
        del ctx
        status = None if self.status_code == "" else status_filler(self.status_code)

        async def copy_response(request: Request, send: Send, next: Next) -> None:
            del next
            held = held_by(request, "copy_response")
            await held.copy(send, status and status(request))

        return copy_response


def parse(line: Segment, scope: Scope) -> CopyResponse:
    """Read a `copy_response` line."""
    del scope
    if len(line.args) == 1 and _is_positive(line.args[0].text):
        return CopyResponse(status_code=status_json(line.args[0].text))
    fields = Fields()
    read_block(line, {"status": fields.reader("status_code", _status)})
    return CopyResponse(**fields.values)


def _status(words: Words) -> Status:
    return status_json(words.take().text)


def _is_positive(text: str) -> bool:
    try:
        return integer(text) > 0
    except NumberError:
        return False


directive = Directive("copy_response", parse)
