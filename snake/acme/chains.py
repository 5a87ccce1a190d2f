"""Chains: which of an authority's certificate chains is preferred."""

from __future__ import annotations

from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.config.struct import Config

_NAMES = ("root_common_name", "any_common_name")


class ChainPreference(Config):
    """The smallest chain, or the first with a certificate of one of these names."""

    smallest: bool | None = None
    root_common_name: tuple[str, ...] = ()
    any_common_name: tuple[str, ...] = ()


def read_preference(line: Segment) -> ChainPreference:
    """Read a line `preferred_chains`, of an issuer or of the global options."""
    if line.args:
        first, *more = line.args
        if first.text != "smallest":
            first.fail(f"preferred_chains: '{first}' is not 'smallest'", _EXPECTED)
        if more:
            more[0].fail(f"preferred_chains takes one argument, got {len(line.args)}", _EXPECTED)
        if line.lines:
            line.lines[0].fail("preferred_chains takes no more options with 'smallest'", _EXPECTED)
        return ChainPreference(smallest=True)
    names: dict[str, tuple[str, ...]] = {}
    for sub in subdirectives(line, _NAMES):
        names[sub.name] = (*names.get(sub.name, ()), *(word.text for word in sub.some("names")))
        if len(names) > 1:
            sub.token.fail(
                "preferred_chains: root_common_name and any_common_name exclude each other",
                _EXPECTED,
            )
    if not names:
        line.fail("preferred_chains takes 'smallest' or a block", _EXPECTED)
    return ChainPreference(**names)  # type: ignore[arg-type]


_EXPECTED = "smallest, or a block of root_common_name lines, or of any_common_name lines"
