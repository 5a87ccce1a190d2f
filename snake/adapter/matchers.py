"""Matcher words to matcher sets: `*`, `/path`, `@name`, and what defines a name."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from snake.adapter.catalogue import Catalogue
from snake.adapter.directive import MatcherSet, Scope
from snake.adapter.origins import Origins
from snake.caddyfile.manual import reading
from snake.caddyfile.segments import Segment, Token
from snake.core.modules import to_json
from snake.core.suggest import suggestion

NamedMatchers = dict[str, MatcherSet]
"""Matcher sets by name, with the `@`."""


def take_matcher(line: Segment, named: NamedMatchers) -> tuple[tuple[MatcherSet, ...], Segment]:
    """Take the matcher off a line, if its first argument is one.

    Returns no set for `*` and for no matcher. Raises `CaddyfileError` for an unknown name.
    """
    if not line.args:
        return (), line
    word = line.args[0]
    if word.text == "*":
        return (), line.without_first_arg()
    if word.text.startswith("/"):
        return ({"path": msgspec.Raw(msgspec.json.encode([word.text]))},), line.without_first_arg()
    if word.text.startswith("@"):
        return (_named(word, named),), line.without_first_arg()
    return (), line


def _named(word: Token, named: NamedMatchers) -> MatcherSet:
    if word.text not in named:
        word.fail(
            f"unrecognized matcher name: {word}{suggestion(word.text, named)}",
            "a named matcher is defined by a line that begins with its name, in the same site",
        )
    return named[word.text]


def define(
    line: Segment, named: NamedMatchers, catalogue: Catalogue, origins: Origins, scope: Scope
) -> None:
    """Add the matcher that a line defines to `named`. Raises `CaddyfileError`."""
    if line.name in named:
        line.fail(f"matcher is defined more than once: {line.name}")
    named[line.name] = read_set(_lines(line), line.name[1:], catalogue, origins, scope)


def _lines(line: Segment) -> Sequence[Segment]:
    if not line.args:
        return [replace(inner, block=inner.block or None) for inner in line.lines]
    first = line.args[0]
    if first.quoted:
        # It is no matcher's name but an expression, and the rest of the line is not read.
        return (Segment((replace(first, text="expression", quote=""), first)),)
    return (Segment(line.args, line.block or None),)


def read_set(
    lines: Sequence[Segment], name: str, catalogue: Catalogue, origins: Origins, scope: Scope
) -> MatcherSet:
    """Adapt lines that each begin with a matcher's name; lines of one name add up."""
    by_matcher: dict[str, list[Segment]] = {}
    for line in lines:
        by_matcher.setdefault(line.name, []).append(line)
    matchers: MatcherSet = {}
    for matcher, same in by_matcher.items():
        syntax = catalogue.matcher(same[0])
        with reading(same[0], syntax.parse):
            matchers[matcher] = to_json(syntax.parse(same, name, scope))
        origins.add_matcher(matcher, matchers[matcher], same)
    return matchers
