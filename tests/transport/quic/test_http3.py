"""HTTP/3: requests and responses."""

from __future__ import annotations

from snake.transport.asgi import Receive, Scope, Send
from tests.transport.quic.client import head, serving
from tests.transport.wire import echo


async def test_http3() -> None:
    """HTTP/3 is spoken; the app sees no difference."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await echo(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        fields = [*head("POST", "/a%20b?q"), (b"cookie", b"a=1"), (b"x_user", b"1")]
        response = await client.request([*fields, (b"cookie", b"b=2")], b"body")
    assert (response.status, response.body) == (200, b"POST /a b body")
    assert response.head[b"server"] == b"snake"
    assert response.head[b"date"].endswith(b" GMT")
    assert seen[0]["http_version"] == "3"
    assert seen[0]["scheme"] == "https"
    assert seen[0]["headers"] == [(b"host", b"a.test"), (b"cookie", b"a=1; b=2")]
    assert (seen[0]["raw_path"], seen[0]["query_string"]) == (b"/a%20b", b"q")
