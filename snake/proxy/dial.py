"""dial: connect to an upstream."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TypeVar

from snake.proxy.contract import DialError, DialInfo

P = TypeVar("P", bound=asyncio.Protocol)

_FAMILIES = {"tcp4": socket.AF_INET, "tcp6": socket.AF_INET6}


async def dial(to: DialInfo, protocol: Callable[[], P], within: float | None) -> P:
    """Connect `within` so many seconds (`None`: however long), and return the protocol.

    Raises `DialError`.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(within):
            if to.network == "unix":
                _, made = await loop.create_unix_connection(protocol, to.address)
            else:
                host, _, port = to.address.rpartition(":")
                _, made = await loop.create_connection(
                    protocol, host.strip("[]"), int(port), family=_FAMILIES.get(to.network, 0)
                )
    except TimeoutError:
        raise DialError(f"{to.address}: no connection within {within:g} s") from None
    except (OSError, ValueError) as error:
        raise DialError(f"{to.address}: {error}") from None
    return made
