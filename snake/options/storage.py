"""storage: where certificates and other things that outlive the server are kept.

Syntax::

    storage <module> [<options...>]
    storage file_system <folder>
    storage file_system {
        root <folder>
    }
"""

from __future__ import annotations

import msgspec

from snake.plugin import Guests, Option, Segment


def _parse(line: Segment, earlier: object, guests: Guests) -> msgspec.Raw:
    del earlier
    return guests.json(line.rest, "caddy.storage", "module")


storage = Option("storage", _parse)
