"""default_bind: the network addresses that sites listen on.

Syntax::

    default_bind <addresses...> {
        protocols <protocols...>
    }

Given more than once, the addresses add up.
"""

from __future__ import annotations

import msgspec

from snake.adapter.addresses import Bind
from snake.plugin import Option, Segment


def _parse(line: Segment, earlier: tuple[Bind, ...] | None) -> tuple[Bind, ...]:
    fields = line.fields({"protocols": _protocols})
    bind = msgspec.convert({"addresses": line.texts or [""], **fields}, Bind)
    return (*(earlier or ()), bind)


def _protocols(line: Segment) -> list[str]:
    if not line.args:
        line.fail("protocols requires one or more arguments", "for example: protocols h1 h2")
    return line.texts


default_bind = Option("default_bind", _parse)
