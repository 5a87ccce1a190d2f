"""Top-level segments to global options and sites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snake.adapter.addresses import Address, read_address
from snake.adapter.catalogue import Catalogue
from snake.adapter.shorthands import spell_out
from snake.caddyfile.segments import Segment, Token
from snake.core.record import Record
from snake.core.unavailable import UNAVAILABLE


class Site(Record):
    """Addresses, and the lines that apply to requests for them."""

    addresses: tuple[Address, ...]
    lines: tuple[Segment, ...]
    braces: bool
    """Whether it was written with braces; a file without any has one site only."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that its lines were written in, sorted."""
        return tuple(sorted({file for line in self.lines for file in _files(line)}))


def split(
    segments: Sequence[Segment], catalogue: Catalogue
) -> tuple[tuple[Segment, ...], tuple[Site, ...]]:
    """Return the lines of the global options, and the sites. Raises `CaddyfileError`."""
    options: tuple[Segment, ...] = ()
    if segments and not segments[0].words:
        options, segments = segments[0].lines, segments[1:]
    return options, tuple(_sites(segments, catalogue))


def _sites(segments: Sequence[Segment], catalogue: Catalogue) -> Iterator[Site]:
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
        yield Site(_addresses(words, catalogue), tuple(map(spell_out, lines)), braces)
        if not braces:
            return
        index += 1


def _addresses(words: Sequence[Token], catalogue: Catalogue) -> tuple[Address, ...]:
    if words[-1].text.endswith(","):
        words[-1].fail("expected another address but had '{' - check for extra comma")
    keys = tuple(key for word in words for key in _keys(word, catalogue))
    if not keys:
        words[0].fail("expected a site address, like example.com or :8080")
    return tuple(map(read_address, keys))


def _keys(word: Token, catalogue: Catalogue) -> Iterator[Token]:
    text = word.text.removesuffix(",")
    if text.startswith("@"):
        word.fail(
            "request matchers may not be defined globally, they must be in a site block; "
            f"found {text}"
        )
    if text.startswith("&(") and text.endswith(")"):
        word.fail(f"{text} is a named route, and no directive invokes one")
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
    if text in catalogue.directives.standard or text in UNAVAILABLE["directive"]:
        word.fail(
            f"parsed '{text}' as a site address, but it is a known directive; "
            "directives must appear in a site block"
        )
    if text:
        yield Token(text, word.file, word.line, word.quoted, word.column, word.source, word.imports)


def _files(line: Segment) -> Iterator[str]:
    yield from (word.file for word in line.words)
    for inner in line.lines:
        yield from _files(inner)
