"""A site of files, served over real sockets, and a client that asks for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from snake.adapter.adapt import adapt
from snake.standard import catalogue
from tests.site import Site
from tests.transport.wire import Client, Response, Server, serving

SECRET = b"the secret"
MEGABYTE = 1_000_000


def write_root(tmp_path: Path) -> Path:
    """Write the root of a site, with a secret beside it."""
    root = tmp_path / "site"
    (root / "dir").mkdir(parents=True)
    (root / "private").mkdir()
    (root / "a.txt").write_text("a")
    (root / "dir/b.txt").write_text("b")
    (root / "private/secret.txt").write_bytes(SECRET)
    (root / "big.bin").write_bytes(b"0123456789" * 3 * MEGABYTE)
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (tmp_path / "secret.txt.gz").write_bytes(SECRET)
    return root


@asynccontextmanager
async def served(root: Path, lines: str) -> AsyncIterator[Server]:
    """Serve a site of these lines, whose root this is."""
    text = f":80 {{\nroot {root}\n{lines.replace('{$ROOT}', str(root))}\n}}\n"
    document, _ = adapt(text, "Caddyfile", catalogue())
    async with Site(document) as site, serving(site.app) as server:
        yield server


async def ask(client: Client, target: str, method: str = "GET", *fields: str) -> Response:
    """Send one request, the target as it is."""
    lines = "".join(f"{field}\r\n" for field in fields)
    await client.send(f"{method} {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode("latin-1"))
    return await client.response(method)


class Asker:
    """One client after another: a connection is used until the server closes it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stack = AsyncExitStack()
        self._client: Client | None = None

    async def __call__(self, target: str, method: str = "GET", *fields: str) -> Response:
        """Send one request."""
        if self._client is None:
            self._client = await self._stack.enter_async_context(self._server.client())
        answer = await ask(self._client, target, method, *fields)
        if "close" in answer.all("connection"):
            await self._stack.aclose()
            self._client = None
        return answer
