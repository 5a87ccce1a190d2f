"""An app with a page whose script tries what browsers do, and reports what came of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import unquote

PAGE = b"""<!doctype html><body><img src="/hold"><script>
(async () => {
  const echo = await fetch('/echo', {method: 'POST', body: new Uint8Array(1000000).fill(97)});
  const size = (await echo.arrayBuffer()).byteLength;
  const many = await Promise.all([...Array(150).keys()].map(
    async (at) => (await fetch('/' + at)).text()));
  const control = new AbortController();
  setTimeout(() => control.abort(), 100);
  let aborted = '';
  try { await fetch('/slow', {signal: control.signal}); } catch (error) { aborted = error.name; }
  const events = await new Promise((done) => {
    const source = new EventSource('/events');
    let count = 0;
    source.onmessage = () => { if (++count == 3) { source.close(); done(count); } };
  });
  const page = performance.getEntriesByType('navigation')[0].nextHopProtocol;
  const report = [page, size, many.every((text, at) => text == '/' + at), aborted, events];
  await fetch('/report?' + encodeURIComponent(report.join(' ')));
})().catch((error) => fetch('/report?' + error));
</script></body>"""

_reported = asyncio.Event()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer what the page asks for."""
    path = scope["path"]
    headers = [(b"content-type", b"text/html")] if path == "/" else []
    match path:
        case "/events":
            headers = [(b"content-type", b"text/event-stream")]
        case "/report":
            Path("report.txt").write_text(unquote(scope["query_string"].decode()))  # noqa: ASYNC240
            _reported.set()
        case "/hold":  # the page is not complete before its script is done
            await asyncio.wait_for(_reported.wait(), 40)
        case "/slow":
            await asyncio.sleep(30)
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for body in _body(path, receive):
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})


async def _body(path: str, receive: Any) -> Any:
    match path:
        case "/":
            yield PAGE
        case "/echo":
            message = {"more_body": True}
            while message["more_body"]:
                message = await receive()
                yield message["body"]
        case "/events":
            for _ in range(100):
                yield b"data: x\n\n"
                await asyncio.sleep(0.02)
        case _:
            yield path.encode()
