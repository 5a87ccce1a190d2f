"""vars: set variables for later handlers and matchers, as `{vars.name}`.

Syntax::

    vars [<matcher>] [<name> <value>] {
        <name> <value>
    }

A value that is a number, `true` or `false` and not quoted is kept as that;
placeholders are filled when the request comes by, and unknown ones are empty.
The least specific `vars` come first, so that more specific ones win.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerModule,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    Template,
    scalar,
)


class Vars(HandlerModule):
    """The JSON of `http.handlers.vars`: the variables beside the handler's name."""

    id = "http.handlers.vars"
    bare = "values"

    values: dict[str, object] = {}

    async def provision(self, ctx: Context) -> Handler:
        """Compile the names and the values that are text."""
        del ctx
        values: list[tuple[Callable[[Request], str], Callable[[Request], object]]] = [
            (Template(name).all, Template(value).all if isinstance(value, str) else _same(value))
            for name, value in self.values.items()
        ]

        def set_vars(request: Request, send: Send, next: Next) -> Awaitable[None]:
            variables = request.vars
            for name, value in values:
                key = name(request)
                variables[key] = value(request)
                if key == "http.auth.user.id":
                    # The access log takes the user from there.
                    request.set_value(key, variables[key])
            return next(request, send)

        return set_vars


def _same(value: object) -> Callable[[Request], object]:
    return lambda _: value


def parse(line: Segment, scope: Scope) -> Vars:
    """Read a `vars` line or block."""
    del scope
    lines = [line.args] if line.args else []
    values: dict[str, object] = {}
    for sub in line.lines:
        sub.no_block()
    for words in [*lines, *(sub.words for sub in line.lines)]:
        match words:
            case [name, value]:
                values[name.text] = scalar(value)
            case _:
                words[0].fail("vars takes names and values, one pair a line")
    return Vars(values=values)


directive = Directive("vars", parse)
