"""Ask a matcher, given as its JSON, about a request, given in short."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import msgspec

from snake.core.modules import Context, Registry
from snake.http.matcher import Matcher, provision_set
from snake.http.request import Request
from snake.standard import MODULES
from snake.transport.asgi import decode_path


async def provisioned(**matchers: Any) -> Matcher:
    """Provision a set of matchers, by name."""
    ctx = Context(Registry(MODULES), AsyncExitStack())
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in matchers.items()}
    return await provision_set(ctx, raw)


def request(
    target: str = "/",
    *,
    method: str = "GET",
    host: str = "example.com",
    headers: dict[str, str] | None = None,
    **scope: Any,
) -> Request:
    """Return a request as the transport would make it."""
    path, _, query = target.partition("?")
    fields = {"host": host, **(headers or {})}
    whole = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": decode_path(path.encode()),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in fields.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        "extensions": {},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    return Request(whole | scope, receive)


async def matches(matcher: dict[str, Any], target: str = "/", **options: Any) -> bool:
    """Whether the matcher, `{name: JSON}`, matches the request."""
    return (await provisioned(**matcher))(request(target, **options))
