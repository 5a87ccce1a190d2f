"""Names of hosts: their addresses, from the system, in threads of their own.

A thread that asks the system cannot be stopped, and when the DNS is down it takes long. Whoever
waits for other threads must not wait for those.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import cache

_THREADS = 8
"""Names that are asked for at once; others wait."""


async def addresses_of(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host, those first that are to be tried first.

    Raises `OSError` if there are none; can be cancelled.
    """
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads(), _looked_up, host, port)


def _looked_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!a} is no name of a host: {error}") from None
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, "names")
