"""default_bind: the network addresses that sites listen on.

Syntax::

    default_bind <addresses...> {
        protocols <protocols...>
    }

Given more than once, the addresses add up.
"""

from __future__ import annotations

from snake.caddyfile.words import subdirectives
from snake.plugin import Bind, Guests, Option, Segment


def _parse(line: Segment, earlier: tuple[Bind, ...] | None, guests: Guests) -> tuple[Bind, ...]:
    del guests
    bind = read_bind(line)
    return (*(earlier or ()), Bind(bind.addresses or ("",), bind.protocols))


def read_bind(line: Segment) -> Bind:
    """Read the addresses and protocols of a line, of this directive or of `default_bind`."""
    protocols: tuple[str, ...] = ()
    for sub in subdirectives(line, ("protocols",)):
        if not sub.has_arguments:
            sub.token.fail(
                "protocols requires one or more arguments", "for example: protocols h1 h2"
            )
        protocols = tuple(word.text for word in sub.all())
    return Bind(tuple(line.texts), protocols)


default_bind = Option("default_bind", _parse)
