"""The filters regexp and multi_regexp: text in which what matches is replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment, Token
from snake.caddyfile.words import subdirectives
from snake.config.struct import Config
from snake.core.modules import Context
from snake.core.regexp import RegexpError, compile_regexp, expand, replace_all
from snake.logs.filters.contract import Filter, FilterModule, on_text

MOST = 50
"""How many expressions one field may have."""
LONGEST = 1000
"""How many bytes one of several may have."""


class Regexp(FilterModule):
    """The JSON of `caddy.logging.encoders.filter.regexp`."""

    id = "caddy.logging.encoders.filter.regexp"

    regexp: str = ""
    value: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `regexp <expression> <replacement>`; what else stands there means nothing."""
        del guests
        regexp, value, *_ = [*line.texts, "", ""]
        return cls(regexp=regexp, value=value)

    async def provision(self, ctx: Context) -> Filter:
        """Compile the expression. Raises `ConfigError`."""
        return on_text(_compiled(ctx, self.regexp, self.value))


class Operation(Config):
    """One of several replacements."""

    regexp: str = ""
    value: str = ""


class MultiRegexp(FilterModule, omit_defaults=False):
    """The JSON of `caddy.logging.encoders.filter.multi_regexp`: one replacement after another."""

    id = "caddy.logging.encoders.filter.multi_regexp"

    operations: tuple[Operation, ...] | None = None

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `multi_regexp { regexp <expression> <replacement> }`.

        After an argument, what is in the braces is not read.
        """
        del guests
        found: list[tuple[Token, Operation]] = []
        for sub in () if line.args else subdirectives(line, ("regexp",)):
            token = sub.take("a regular expression")
            operation = Operation(token.text, sub.take("a replacement").text)
            found.append((token, operation))
        if not found:
            line.fail(f"{line.name} takes at least one line 'regexp <expression> <replacement>'")
        return cls(operations=checked(found))

    async def provision(self, ctx: Context) -> Filter:
        """Compile the expressions. Raises `ConfigError`."""
        if not self.operations:
            raise ctx.fail("multi_regexp takes at least one operation")
        replacements = [
            _compiled(ctx.at("operations", number), each.regexp, each.value)
            for number, each in enumerate(self.operations)
        ]

        def replace(text: str) -> str:
            for each in replacements:
                text = each(text)
            return text

        return on_text(replace)


def checked(found: Sequence[tuple[Token, Operation]]) -> tuple[Operation, ...]:
    """Return operations, each with the word that it was written as. Rejects the word."""
    for token, operation in found:
        if not operation.regexp:
            token.fail("regexp pattern cannot be empty")
        if len(operation.regexp.encode()) > LONGEST:
            token.fail(f"regexp pattern too long (maximum {LONGEST} characters)")
    if len(found) > MOST:
        found[MOST][0].fail(f"too many regexp operations (maximum {MOST} allowed)")
    return tuple(operation for _, operation in found)


def _compiled(ctx: Context, regexp: str, value: str) -> Callable[[str], str]:
    try:
        pattern = compile_regexp(regexp)
    except RegexpError as error:
        raise ctx.at("regexp").fail(str(error)) from None
    expansion = expand(value)
    return lambda text: replace_all(pattern, expansion, text)
