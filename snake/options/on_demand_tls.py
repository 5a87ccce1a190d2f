"""on_demand_tls: what is asked whether a certificate may be obtained during a handshake.

Syntax::

    on_demand_tls {
        ask        <url>
        permission <permission> ...
    }

One of the two. `ask` is short for `permission http`, whose URL answers 200 for a name that may.
"""

from __future__ import annotations

import msgspec

from snake.config.tls import OnDemand
from snake.plugin import Guests, Option, Segment, subdirectives, to_json
from snake.tls.permissions import HTTP

_GONE = ("interval", "burst")


def _parse(line: Segment, earlier: object, guests: Guests) -> OnDemand:
    del earlier
    if line.args:
        line.args[0].fail(f"on_demand_tls takes a block, got {line.args[0]}")
    permission: msgspec.Raw | None = None
    for sub in subdirectives(line, ("ask", "permission", *_GONE)):
        if sub.name in _GONE:
            sub.token.fail(
                f"the on_demand_tls '{sub.name}' option is no longer supported, "
                "remove it from your config"
            )
        if permission is not None:
            sub.token.fail("on-demand TLS permission module (or 'ask') already specified")
        if sub.name == "ask":
            permission = to_json(HTTP(endpoint=sub.take("a URL").text), "module")
        else:
            permission = guests.json(sub.guest(), "tls.permission", "module")
    if permission is None:
        line.fail("expected at least one config parameter for on_demand_tls")
    return OnDemand(permission=permission)


on_demand_tls = Option("on_demand_tls", _parse)
