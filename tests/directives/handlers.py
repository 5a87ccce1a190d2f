"""Handlers from JSON, for tests."""

from __future__ import annotations

from contextlib import AsyncExitStack

import msgspec

from snake.core.modules import Context, Registry
from snake.standard import MODULES


async def provision(handler: str, **config: object) -> object:
    """Provision a handler."""
    raw = msgspec.Raw(msgspec.json.encode({"handler": handler, **config}))
    ctx = Context(Registry(MODULES), AsyncExitStack())
    return await ctx.load(raw, namespace="http.handlers", key="handler")
