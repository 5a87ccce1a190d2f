"""admin, persist_config: the admin endpoint, and whether the running config is kept on disk.

Syntax::

    admin off | [<address>] {
        origins         <origins...>
        enforce_origin
    }
    persist_config off
"""

from __future__ import annotations

import msgspec

from snake.config.admin import Admin
from snake.plugin import Guests, Option, Segment

DEFAULT_LISTEN = "localhost:2019"


def _parse_admin(line: Segment, earlier: object, guests: Guests) -> Admin:
    del earlier, guests
    if line.texts == ["off"]:
        if line.block is not None:
            line.fail("admin: no more option is allowed after turning off the admin endpoint")
        return Admin(disabled=True)
    listen = line.arg() if line.args else DEFAULT_LISTEN
    fields = line.fields({"origins": _origins, "enforce_origin": Segment.flag})
    return msgspec.convert({"listen": listen, **fields}, Admin)


def _origins(line: Segment) -> list[str]:
    line.no_block()
    return line.texts


def _parse_persist(line: Segment, earlier: object, guests: Guests) -> str:
    del earlier, guests
    line.no_block()
    if line.arg() != "off":
        line.args[0].fail("persist_config must be 'off'")
    return "off"


admin = Option("admin", _parse_admin)
persist_config = Option("persist_config", _parse_persist)
