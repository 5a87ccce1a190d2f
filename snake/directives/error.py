"""error: fail with a status, so that `handle_errors` answers.

Syntax::

    error [<matcher>] <status> | <message> [<status>] {
        message <text>
    }

A lone argument is the status if it is a number of three digits, else the
message. Without a status it is 500. The message is for the log and for
`{err.message}`; the client does not see it by itself.
"""

from __future__ import annotations

from snake.http.status import Status, status_filler, status_json, text_and_status
from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerError,
    HandlerModule,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    Template,
    subdirectives,
)


class StaticError(HandlerModule):
    """The JSON of `http.handlers.error`."""

    id = "http.handlers.error"

    error: str = ""
    status_code: Status = ""

    async def provision(self, ctx: Context) -> Handler:
        """Compile the status and the message."""
        del ctx
        status = status_filler(500 if self.status_code == "" else self.status_code)
        message = Template(self.error)

        async def fail(request: Request, send: Send, next: Next) -> None:
            del send, next
            raise HandlerError(status(request), message.known(request))

        return fail


def parse(line: Segment, scope: Scope) -> StaticError:
    """Read an `error` line."""
    del scope
    given = text_and_status(line.texts)
    if given is None:
        wrong = line.words[3] if line.args else line.words[0]
        wrong.fail("error takes a status, a message, or a message and a status")
    message, status = given
    for words in subdirectives(line, ("message",)):
        if message:
            words.token.fail("error: the message is given twice")
        message = words.only("one text").text
    return StaticError(error=message, status_code=status_json(status))


directive = Directive("error", parse)
