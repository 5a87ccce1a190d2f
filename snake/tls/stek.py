"""Session ticket keys: where those come from that TLS sessions are resumed with."""

from __future__ import annotations

from typing import Annotated

from snake.config.struct import Guest
from snake.config.tls import SessionTickets
from snake.core.modules import Context, Module
from snake.core.namespace import In


class Standard(Module):
    """The JSON of `tls.stek.standard`: made here, and kept in memory."""

    id = "tls.stek.standard"


class Distributed(Module):
    """The JSON of `tls.stek.distributed`: shared by all servers that have one storage."""

    id = "tls.stek.distributed"

    storage: Annotated[Guest, In("caddy.storage", "module")] = None


def check_tickets(ctx: Context, tickets: SessionTickets) -> None:
    """Name what cannot be had of session tickets. Raises `ConfigError`.

    OpenSSL makes the keys, and Python can neither read nor set them. So all workers have the same
    (`tickets.py`), as long as snake runs; other machines do not have them.
    """
    for field in ("rotation_interval", "max_keys"):
        if getattr(tickets, field) and not (tickets.disabled or tickets.disable_rotation):
            raise ctx.at(field).fail(
                f"{field} is not available in snake: the keys of session tickets are new whenever "
                "snake starts, and not in between; write disable_rotation, or disabled"
            )
    if tickets.key_source is None or tickets.disabled:
        return
    source = ctx.registry.decode(
        tickets.key_source, "tls.stek", "provider", None, ctx.at("key_source").path
    )
    if not isinstance(source, Standard):
        raise ctx.at("key_source").fail(
            f"{source.id} is not available in snake: Python cannot set the keys of session "
            "tickets; the provider standard is"
        )
