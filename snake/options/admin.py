"""admin, persist_config: the admin endpoint, and whether the running config is kept on disk.

Syntax::

    admin off | [<address>] {
        origins         <origins...>
        enforce_origin
    }
    persist_config off

The address is one of TCP, `unix//path` with a mode behind a bar as in
`unix//run/snake/admin.sock|0660`, or `fd/3`. Without one it is that of `CADDY_ADMIN` in
the environment, else `localhost:2019`. `origins` are the hosts, or whole origins, that it
may be asked as; they replace those that lead to the address. With `enforce_origin` each
request needs an Origin that is one of them.
"""

from __future__ import annotations

from snake.caddyfile.words import subdirectives
from snake.config.admin import Admin
from snake.plugin import Guests, Option, Segment

DEFAULT_LISTEN = "localhost:2019"


def _parse_admin(line: Segment, earlier: object, guests: Guests) -> Admin:
    del earlier, guests
    if line.texts[:1] == ["off"]:
        if line.args[1:] or line.block is not None:
            line.fail("admin: no more option is allowed after turning off the admin endpoint")
        return Admin(disabled=True)
    if len(line.args) > 1:
        line.args[1].fail(f"admin takes one address, got {len(line.args)}")
    listen = line.args[0].text if line.args else ""
    origins: tuple[str, ...] | None = None
    enforce = False
    for sub in subdirectives(line, ("origins", "enforce_origin")):
        if sub.name == "origins":
            origins = tuple(word.text for word in sub.all()) or None
        else:
            enforce = True
    return Admin(listen=listen or DEFAULT_LISTEN, origins=origins, enforce_origin=enforce)


def _parse_persist(line: Segment, earlier: object, guests: Guests) -> str:
    del earlier, guests
    line.no_block()
    if line.arg() != "off":
        line.args[0].fail("persist_config must be 'off'")
    return "off"


admin = Option("admin", _parse_admin)
persist_config = Option("persist_config", _parse_persist)
