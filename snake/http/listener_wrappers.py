"""Listener wrappers: what looks at the connections of a server before TLS and HTTP do."""

from __future__ import annotations

import msgspec

from snake.config.http import Server
from snake.core.modules import Context
from snake.transport.admission import ListenerWrapper


async def provision_wrappers(ctx: Context, server: Server) -> tuple[ListenerWrapper, ...]:
    """Return the wrappers of a server, in their order. Raises `ConfigError`.

    Without TLS it does not matter on which side of it they stand. With it, they stand before it:
    what they are about is not encrypted.
    """
    loaded = [
        await ctx.at(index).load(raw, namespace="caddy.listeners", key="wrapper")
        for index, raw in enumerate(server.listener_wrappers)
    ]
    ends = [index for index, wrapper in enumerate(loaded) if wrapper is None]
    if ends[:1] == [0]:
        raise ctx.at(0).fail("tls need not be said first: without it, TLS is ended first")
    if len(ends) > 1:
        raise ctx.at(ends[1]).fail("tls can stand here only once")
    if server.tls_connection_policies and loaded and ends != [len(loaded) - 1]:
        index = ends[0] + 1 if ends else 0
        name = msgspec.json.decode(server.listener_wrappers[index])["wrapper"]
        raise ctx.at(index).fail(
            f"{name} stands behind tls, where this version of snake has no wrappers; "
            "write tls behind it"
        )
    return tuple(wrapper for wrapper in loaded if wrapper is not None)
