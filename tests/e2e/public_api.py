"""APIs on the internet, played on this machine: by their names, and with certificates for them.

A server under test comes there through a proxy, as its environment says.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

import trustme

from tests.fetch.hostile import WithBody, api
from tests.fetch.proxy import proxy

T = TypeVar("T")


@asynccontextmanager
async def public_api(name: str, answer: WithBody, folder: Path) -> AsyncIterator[dict[str, str]]:
    """Play the API of a host; return the environment of who is to come there."""
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(serving)
    authority.cert_pem.write_to_path(folder / "public.pem")
    async with api(answer, serving) as server, proxy(to=server.port) as (port, _):
        yield {
            "HTTPS_PROXY": f"http://127.0.0.1:{port}",
            "NO_PROXY": "",
            "SSL_CERT_FILE": str(folder / "public.pem"),
        }


@contextmanager
def in_background(resource: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Have something open in an event loop of its own, for a test that waits otherwise."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(resource.__aenter__(), loop).result(30)
        ending = resource.__aexit__(None, None, None)
        asyncio.run_coroutine_threadsafe(ending, loop).result(30)
    finally:
        asyncio.run_coroutine_threadsafe(_ended(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def _ended() -> None:
    """End what is still being answered."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
