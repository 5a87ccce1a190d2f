"""Top-level sections to global options, named routes and sites."""

from __future__ import annotations

from collections.abc import Sequence

from snake.adapter.addresses import Address, read_address
from snake.adapter.catalogue import Catalogue
from snake.adapter.shorthands import spell_out
from snake.caddyfile.segments import Section, Segment, Token
from snake.core.record import Record


class NamedRoute(Record):
    """`&(name) { … }`: lines that `invoke name` runs, in any site."""

    name: Token
    """The name, without the `&(` and `)` around it."""
    lines: tuple[Segment, ...]
    files: tuple[str, ...]
    """The files that its lines were written in, sorted."""


class Site(Record):
    """Addresses, and the lines that apply to requests for them."""

    addresses: tuple[Address, ...]
    lines: tuple[Segment, ...]
    files: tuple[str, ...]
    """The files that its lines were written in, sorted."""
    braces: bool
    """Whether it was written with braces; a file without any has one site only."""


class Parts(Record):
    """What stands at the top level of a Caddyfile, each in the order written."""

    options: tuple[Segment, ...]
    """The lines of the global options."""
    routes: tuple[NamedRoute, ...]
    sites: tuple[Site, ...]


def split(sections: Sequence[Section], catalogue: Catalogue) -> Parts:
    """Tell options, named routes and sites from each other. Raises `CaddyfileError`."""
    options: tuple[Segment, ...] = ()
    if sections and not sections[0].keys:
        options, sections = sections[0].lines, sections[1:]
    routes: list[NamedRoute] = []
    sites: list[Site] = []
    for section in sections:
        if not section.keys:
            section.lines[0].fail(
                "server block without any key is global configuration, "
                "and if used, it must be first"
            )
        _refuse_directives(section.keys, catalogue)
        lines = tuple(map(spell_out, section.lines))
        if section.is_route:
            routes.append(NamedRoute(section.keys[0], lines, section.files))
        else:
            addresses = tuple(map(read_address, section.keys))
            sites.append(Site(addresses, lines, section.files, section.braces))
    return Parts(options, tuple(routes), tuple(sites))


def _refuse_directives(keys: Sequence[Token], catalogue: Catalogue) -> None:
    for key in keys:
        if key.text in catalogue.directives.standard:
            key.fail(
                f"parsed '{key}' as a site address, but it is a known directive; "
                "directives must appear in a site block"
            )
