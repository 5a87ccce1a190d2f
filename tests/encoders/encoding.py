"""Load an encoder by its name, as a configuration does."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import msgspec

from snake.core.modules import Context, Registry
from snake.encoders.contract import Encoder
from snake.standard import MODULES


async def encoder(name: str, **settings: Any) -> Encoder:
    """Provision an encoder from its JSON."""
    ctx = Context(Registry(MODULES), AsyncExitStack())
    raw = msgspec.Raw(msgspec.json.encode(settings))
    loaded: Encoder = await ctx.load_named(raw, f"http.encoders.{name}")
    return loaded
