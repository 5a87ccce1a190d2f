"""What can be said of session tickets."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from snake.config.tls import SessionTickets
from snake.core.errors import ConfigError
from snake.core.modules import Context, decode
from snake.engine.warm import registry
from snake.tls.stek import check_tickets


async def check(fields: dict[str, Any]) -> None:
    """Check these settings."""
    async with AsyncExitStack() as stack:
        ctx = Context(registry(), stack).at("session_tickets")
        check_tickets(ctx, decode(msgspec.json.encode(fields), SessionTickets))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"disabled": True},
        {"disabled": True, "key_source": {"provider": "distributed"}},
        {"disable_rotation": True, "rotation_interval": "1h"},
        {"key_source": {"provider": "standard"}},
    ],
    ids=str,
)
async def test_what_can_be(fields: dict[str, Any]) -> None:
    """What snake does anyway may be said."""
    await check(fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rotation_interval": "1h"}, "^session_tickets/rotation_interval: .* not available"),
        ({"max_keys": 2}, "^session_tickets/max_keys: .* not available"),
        ({"key_source": {"provider": "distributed"}}, "tls.stek.distributed is not available"),
        ({"key_source": {"provider": "none"}}, "unknown module: tls.stek.none"),
    ],
    ids=str,
)
async def test_what_cannot(fields: dict[str, Any], message: str) -> None:
    """What Python cannot do is refused by name."""
    with pytest.raises(ConfigError, match=message):
        await check(fields)
