"""map: set placeholders by the value of another one.

Syntax::

    map [<matcher>] <source> <destinations...> {
        [~]<input> <outputs...>
        default    <outputs...>
    }

The first input that equals the source, or whose regular expression (`~`) finds something
in it, gives each destination the output in the same place; a `-` and what is left out
are the default. Outputs that are numbers, `true` or `false` and not quoted are kept as that.

A destination is a placeholder, such as `{backend}`, for all that follows; one that another
`map` before has set keeps its value. The value is looked up whenever it is used, from the source
as it is then. Placeholders work in the source, in outputs of plain inputs and in defaults, where
unknown ones are empty; outputs of regular expressions have `$1` and `${name}` for their groups.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from snake.core.regexp import RegexpError, compile_regexp, expand
from snake.http.null import NULL
from snake.http.placeholders import may_be_set
from snake.http.template import as_text
from snake.plugin import (
    Config,
    Context,
    Directive,
    Handler,
    HandlerModule,
    Next,
    Request,
    Scalar,
    Scope,
    Segment,
    Send,
    Template,
    Token,
    Words,
    scalar,
    short_name,
    unchecked,
    warn_of_rest,
)

T = TypeVar("T")

Value = Callable[[Request], str]


class Mapping(Config):
    """One input, and what it is mapped to."""

    input: str = ""
    input_regexp: str = ""
    outputs: tuple[Scalar | None, ...] = ()
    """One for each destination; `null` is the default one."""


class Map(HandlerModule):
    """The JSON of `http.handlers.map`."""

    id = "http.handlers.map"

    source: str = ""
    destinations: tuple[str, ...] = ()
    mappings: tuple[Mapping, ...] = ()
    defaults: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> Handler:
        """Compile what each destination is."""
        names = [_name(ctx.at("destinations", n), d) for n, d in enumerate(self.destinations)]
        self._check(ctx)
        source = Template(self.source).all
        columns = [self._column(ctx, number, source) for number in range(len(names))]
        values = dict(zip(reversed(names), reversed(columns), strict=True))

        def map_values(request: Request, send: Send, next: Next) -> Awaitable[None]:
            request.values = values | (request.values or {})
            return next(request, send)

        return map_values

    def _check(self, ctx: Context) -> None:
        """Refuse what is not clear or does not fit together."""
        count = len(self.destinations)
        if self.defaults and len(self.defaults) != count:
            raise ctx.at("defaults").fail(f"{count} destinations != {len(self.defaults)} defaults")
        seen: dict[str, int] = {}
        for index, each in enumerate(self.mappings):
            at = ctx.at("mappings", index)
            if each.input and each.input_regexp:
                raise at.fail("input and input_regexp exclude each other")
            given = each.input_regexp or each.input
            first = seen.setdefault(given, index)
            if first != index:
                raise at.fail(f"the input {given!r} is that of mapping {first} already")
            if len(each.outputs) != count:
                raise at.at("outputs").fail(f"{len(each.outputs)} outputs != {count} destinations")

    def _column(self, ctx: Context, number: int, source: Value) -> Value:
        """Compile the value of one destination: plain inputs are one look-up, however many."""
        plain: dict[str, tuple[int, Value]] = {}
        patterns: list[tuple[int, Callable[[str], str | None]]] = []
        for index, each in enumerate(self.mappings):
            output = each.outputs[number]
            if each.input_regexp:
                pattern = _pattern(ctx.at("mappings", index, "input_regexp"), each, output)
                if output is not None:
                    patterns.append((index, pattern))
            elif output is not None:
                plain[each.input] = index, Template(as_text(output)).all
        default = Template(self.defaults[number]).all if self.defaults else _unmapped
        last = len(self.mappings), default

        def value(request: Request) -> str:
            given = source(request)
            place, fill = plain.get(given, last)
            for index, pattern in patterns:
                if index > place:
                    break
                found = pattern(given)
                if found is not None:
                    return found
            return fill(request)

        return value


def _unmapped(request: Request) -> str:
    """Return what a destination is that nothing is mapped to."""
    del request
    return NULL


def _name(ctx: Context, destination: str) -> str:
    """Return the name of a destination. Raises `ConfigError` for what is no placeholder."""
    name = destination.strip("{}")
    if destination != f"{{{name}}}" or "{" in name or not may_be_set(name):
        raise ctx.fail(f"{destination}: a destination is a placeholder, like {{name}}")
    return name


def _pattern(ctx: Context, each: Mapping, output: Scalar | None) -> Callable[[str], str | None]:
    """Compile an expression to what returns the output, its groups filled in, where it matches."""
    try:
        search = compile_regexp(each.input_regexp).search
    except RegexpError as error:
        raise ctx.fail(str(error)) from None
    fill = expand(as_text(output))

    def find(given: str) -> str | None:
        match = search(given)
        return None if match is None else fill(match)

    return find


def parse(line: Segment, scope: Scope) -> Map:
    """Read a `map` line and its block."""
    words = Words(line)
    source = words.take("a source, and destinations").text
    destinations = words.some("one destination or more after the source")
    for word in destinations:
        if short := short_name(word.text):
            word.fail(f"destination {short} conflicts with a Caddyfile placeholder shorthand")
    defaults: tuple[str, ...] = ()
    mappings: list[Mapping] = []
    for each in unchecked(words.block()):
        if each.name != "default":
            mappings.append(_mapping(each.name, each.all(), len(destinations)))
        elif defaults:
            each.token.fail("map: defaults already defined")
        else:
            given = (word.text for word in each.all())
            defaults = tuple(_filled(given, "", len(destinations)))
    warn_of_rest(words, scope)
    return Map(
        source=source,
        destinations=tuple(word.text for word in destinations),
        mappings=tuple(mappings),
        defaults=defaults,
    )


def _mapping(source: str, words: Sequence[Token], count: int) -> Mapping:
    if len(words) > count:
        words[count].fail(f"map: too many outputs, got {len(words)} for {count} destinations")
    outputs = tuple(_filled(map(_output, words), None, count))
    if source.startswith("~"):
        return Mapping(input_regexp=source[1:], outputs=outputs)
    return Mapping(input=source, outputs=outputs)


def _output(word: Token) -> Scalar | None:
    return None if word.text == "-" else scalar(word)


def _filled(values: Iterable[T], filler: T, count: int) -> list[T]:
    found = list(values)
    return [*found, *[filler] * (count - len(found))]


directive = Directive("map", parse)
