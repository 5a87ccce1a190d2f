"""header: set, add, remove or replace response headers.

Syntax::

    header [<matcher>] [+|-|?|>]<field> [<value> | <regexp> <replacement>]
    header [<matcher>] {
        <field> <value>                  set
        <field> <regexp> <replacement>   replace inside its values
        +<field> <value>                 add, beside what is there
        -<field>                         remove; * at either end is any name
        ?<field> <value>                 set if the response has none
        ><field> <value>                 set when the response starts
        match status <code...> | header <field> <value>
        defer
    }

What is set or added is there at once, so that a response may still change it and
an error keeps it. With `-`, `>`, `?`, `match` or `defer`, all operations of the
directive wait until the response starts, and then have the last word; `?` fields
wait on their own. A response that fails is not changed any more.

Names and values may have placeholders. `-Server` leaves the Server field out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

import msgspec
from msgspec.structs import replace

from snake.core.regexp import RegexpError
from snake.http.fields import canonical
from snake.http.header_edit import change_request, response_wrapper
from snake.http.header_ops import Edit, HeaderOps, Replacement, ResponseOps
from snake.http.response_matcher import ResponseMatcher
from snake.matchers._response import read_response_match
from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerModule,
    Next,
    Request,
    RouteValue,
    Scope,
    Segment,
    Send,
    Token,
    Words,
    unchecked,
    warn_of_rest,
)


class Headers(HandlerModule):
    """The JSON of `http.handlers.headers`."""

    id = "http.handlers.headers"

    request: HeaderOps | None = None
    response: ResponseOps | None = None

    async def provision(self, ctx: Context) -> Handler:
        """Compile the operations."""
        edit_request = compile_ops(ctx.at("request"), self.request)
        edit_response = compile_ops(ctx.at("response"), self.response)
        wrap = response_wrapper(self.response, edit_response)

        def headers(request: Request, send: Send, next: Next) -> Awaitable[None]:
            if edit_request:
                change_request(request, edit_request)
            return next(request, wrap(request, send) if wrap else send)

        return headers


def compile_ops(ctx: Context, ops: HeaderOps | None) -> Edit | None:
    """Return operations as one function. Raises `ConfigError`."""
    if ops is None:
        return None
    for name, replacements in ops.replace.items():
        if any(each.search and each.search_regexp for each in replacements):
            raise ctx.at("replace", name).fail("search and search_regexp exclude each other")
    try:
        return ops.compile()
    except RegexpError as error:
        raise ctx.at("replace").fail(str(error)) from None


class Operations(msgspec.Struct):
    """Operations as they are read from the lines of a Caddyfile."""

    add: dict[str, list[str]] = {}
    set: dict[str, str] = {}
    delete: list[str] = []
    replace: dict[str, list[Replacement]] = {}
    absent: list[str] = []
    """Fields that a response must not have yet: `?`."""
    deferred: bool = False

    def read(self, words: Sequence[Token]) -> None:
        """Read one operation: a field with its sign, and what belongs to it.

        A sign outweighs a replacement: `+X a b` adds `a`.
        """
        name, *values = (word.text for word in words)
        if len(values) > 2:  # noqa: PLR2004
            words[3].fail("a header takes a value, or a regular expression and a replacement")
        value = values[0] if values else ""
        rest = name[1:]
        match name[:1]:
            case "+":
                self.add.setdefault(canonical(rest), []).append(value)
            case "-":
                self.delete.append(rest)
                self.deferred = True
            case "?":
                self.absent.append(rest)
                self.set[canonical(rest)] = value
            case sign if len(values) == 2:  # noqa: PLR2004
                self.deferred = self.deferred or sign == ">"
                replacement = Replacement(search_regexp=value, replace=values[1])
                self.replace.setdefault(name.lstrip("+-?>"), []).append(replacement)
            case ">":
                self.set[canonical(rest)] = value
                self.deferred = True
            case _:
                self.set[canonical(name)] = value

    def on_request(self) -> HeaderOps:
        """Return them as operations on request headers."""
        return HeaderOps(
            add={name: tuple(values) for name, values in self.add.items()},
            set={name: (value,) for name, value in self.set.items()},
            delete=tuple(self.delete),
            replace={name: tuple(values) for name, values in self.replace.items()},
        )

    def on_response(self, required: ResponseMatcher | None) -> ResponseOps:
        """Return them as operations on the responses that match `required`."""
        if self.absent and required is None:
            required = ResponseMatcher(headers=dict.fromkeys(self.absent))
        ops = self.on_request()
        return ResponseOps(
            add=ops.add,
            set=ops.set,
            delete=ops.delete,
            replace=ops.replace,
            require=required,
            deferred=self.deferred,
        )


def parse(line: Segment, scope: Scope) -> Sequence[RouteValue]:
    """Read a `header` line or block; its `?` fields make a handler of their own."""
    now, default = Operations(), Operations()
    required: ResponseMatcher | None = None
    words = Words(line)
    if line.args:
        now.read(_operation(words, words.take()))
    for sub in unchecked(words.block()):
        match sub.name:
            case "defer":
                now.deferred = True
            case "match":
                required = read_response_match(sub.rest())
            case _ if line.args:
                sub.token.fail("header: fields stand on the line or in the block, not in both")
            case name:
                field = replace(sub.token, text=name.removesuffix(":"))
                (default if name.startswith("?") else now).read(_operation(sub, field))
        if sub.has_arguments or sub.name == "{":
            scope.warn(sub.token, f"header: what follows {sub.name} is read as fields, as by Caddy")
    warn_of_rest(words, scope)
    return [
        RouteValue((Headers(response=operations.on_response(matcher)),))
        for operations, matcher in [(now, required), (default, None)]
        if operations != Operations() or matcher is not None
    ]


def _operation(words: Words, field: Token) -> Sequence[Token]:
    """Take what belongs to a field: at most two words, whatever follows them."""
    operation = [field]
    while words.has_arguments and len(operation) < 3:  # noqa: PLR2004
        operation.append(words.take())
    return operation


directive = Directive("header", parse)
