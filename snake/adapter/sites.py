"""Top-level segments to global options, named routes and sites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from snake.adapter.addresses import Address, read_address
from snake.adapter.catalogue import Catalogue
from snake.adapter.shorthands import spell_out
from snake.caddyfile.segments import Segment, Token
from snake.core.record import Record
from snake.core.unavailable import UNAVAILABLE


class NamedRoute(Record):
    """`&(name) { … }`: lines that `invoke name` runs, in any site."""

    name: Token
    """The name, without the `&(` and `)` around it."""
    lines: tuple[Segment, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The files that its lines were written in, sorted."""
        return _all_files(self.lines)


class Site(Record):
    """Addresses, and the lines that apply to requests for them."""

    addresses: tuple[Address, ...]
    lines: tuple[Segment, ...]
    braces: bool
    """Whether it was written with braces; a file without any has one site only."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that its lines were written in, sorted."""
        return _all_files(self.lines)


class Parts(Record):
    """What stands at the top level of a Caddyfile, each in the order written."""

    options: tuple[Segment, ...]
    """The lines of the global options."""
    routes: tuple[NamedRoute, ...]
    sites: tuple[Site, ...]


def split(segments: Sequence[Segment], catalogue: Catalogue) -> Parts:
    """Tell options, named routes and sites from each other. Raises `CaddyfileError`."""
    options: tuple[Segment, ...] = ()
    if segments and not segments[0].words:
        options, segments = segments[0].lines, segments[1:]
    found = list(_blocks(segments, catalogue))
    routes = tuple(part for part in found if isinstance(part, NamedRoute))
    return Parts(options, routes, tuple(part for part in found if isinstance(part, Site)))


def _blocks(segments: Sequence[Segment], catalogue: Catalogue) -> Iterator[NamedRoute | Site]:
    index = 0
    while index < len(segments):
        words = list(segments[index].words)
        # An address that ends in a comma goes on on the next line.
        while segments[index].block is None and words[-1].text.endswith(","):
            index += 1
            if index == len(segments):
                words[-1].fail("expected another address after the comma, but the file ends")
            words += segments[index].words
        braces = segments[index].block is not None
        lines = segments[index].lines if braces else segments[index + 1 :]
        keys = _read_keys(words)
        spelled = tuple(map(spell_out, lines))
        if braces and (name := _route_name(keys)):
            _refuse_directives([name], catalogue)
            yield NamedRoute(name, spelled)
        else:
            _refuse_directives(keys, catalogue)
            yield Site(tuple(map(read_address, keys)), spelled, braces)
        if not braces:
            return
        index += 1


def _read_keys(words: Sequence[Token]) -> tuple[Token, ...]:
    if words[-1].text.endswith(","):
        words[-1].fail("expected another address but had '{' - check for extra comma")
    keys = tuple(key for word in words for key in _keys(word))
    if not keys:
        words[0].fail("expected a site address, like example.com or :8080")
    return keys


def _route_name(keys: Sequence[Token]) -> Token | None:
    """Return the name of a named route, if that is the only key."""
    text = keys[0].text
    if len(keys) > 1 or not (text.startswith("&(") and text.endswith(")")):
        return None
    return replace(keys[0], text=text[2:-1])


def _refuse_directives(keys: Sequence[Token], catalogue: Catalogue) -> None:
    for key in keys:
        if key.text in catalogue.directives.standard or key.text in UNAVAILABLE["directive"]:
            key.fail(
                f"parsed '{key}' as a site address, but it is a known directive; "
                "directives must appear in a site block"
            )


def _keys(word: Token) -> Iterator[Token]:
    text = word.text.removesuffix(",")
    if text.startswith("@"):
        word.fail(
            "request matchers may not be defined globally, they must be in a site block; "
            f"found {text}"
        )
    if text.startswith("(") and text.endswith(")"):
        word.fail(f"{text} is no site address", "a snippet is a '(name)' and its braces, alone")
    if text.endswith("{") and not word.quoted:
        word.fail(
            f"site addresses cannot end with a curly brace: '{text}' - "
            "put a space between the token and the brace"
        )
    if text == "{}" and not word.quoted:
        word.fail("unexpected '{}' at end of line", "the braces of a site stand on two lines")
    if "," in text:
        word.fail(
            f"site addresses cannot contain a comma ',': '{text}' - "
            "put a space after the comma to separate site addresses"
        )
    if text:
        yield replace(word, text=text)


def _all_files(lines: Sequence[Segment]) -> tuple[str, ...]:
    return tuple(sorted({file for line in lines for file in _files(line)}))


def _files(line: Segment) -> Iterator[str]:
    yield from (word.file for word in line.words)
    for inner in line.lines:
        yield from _files(inner)
