"""map: set placeholders by the value of another one.

Syntax::

    map [<matcher>] <source> <destinations...> {
        [~]<input> <outputs...>
        default    <outputs...>
    }

The first input that equals the source, or whose regular expression (`~`) finds something
in it, gives each destination the output in the same place; a `-` and what is left out
are the default. Outputs that are numbers, `true` or `false` and not quoted are kept as that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from snake.plugin import (
    Config,
    Directive,
    HandlerModule,
    Scalar,
    Scope,
    Segment,
    Token,
    Words,
    scalar,
    short_name,
    unchecked,
    warn_of_rest,
)

T = TypeVar("T")


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
