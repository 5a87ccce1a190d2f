"""default_sni, fallback_sni: the name of a handshake that has none, or one nobody knows.

Syntax::

    default_sni  <name>
    fallback_sni <name>
"""

from __future__ import annotations

from snake.plugin import Guests, Option, Segment


def _name(line: Segment, earlier: object, guests: Guests) -> str:
    del earlier, guests
    line.no_block()
    return line.arg()


default_sni = Option("default_sni", _name)
fallback_sni = Option("fallback_sni", _name)
