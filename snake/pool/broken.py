"""Broken: what answers in place of an app that cannot start, in development.

Everybody gets a 503. Why it cannot start is told only to clients on this machine that came
without a proxy: nobody else is to see the code.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from snake.transport.asgi import ASGIApp, Message, Receive, Scope, Send

_FORWARDED = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"}
)
"""Fields that a proxy adds."""
_LOOPBACK = ("127.", "::1", "::ffff:127.")
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0 auto; max-width: 60rem; padding: 2rem 1rem;
  font: 1rem/1.5 system-ui, sans-serif; }}
h1 {{ font-size: 1.25rem; margin: 0 0 1rem; overflow-wrap: anywhere; }}
pre {{ margin: 0; padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere;
  font: .875rem/1.5 ui-monospace, monospace; border-left: .25rem solid #c33; background: #8881; }}
p {{ margin: 1rem 0 0; opacity: .75; }}
</style>
<h1>{title}</h1>
{trace}<p>The next file that you save is tried at once. Only clients on this machine see this
page.</p>
</html>
"""


def broken(why: str) -> ASGIApp:
    """Return an app that answers 503; `why` is a line, and maybe a traceback after it."""
    title, _, trace = why.partition("\n")
    title = f"{title[:1].upper()}{title[1:]}".rstrip(":")
    trace = trace.strip("\n")
    block = f"<pre>{escape(trace)}</pre>\n" if trace else ""
    page = _PAGE.format(title=escape(title), trace=block).encode()
    text = f"{why}\n".encode()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        if scope["type"] == "lifespan":
            return
        body, kind = b"", b"text/plain; charset=utf-8"
        if is_own(scope):
            body = text
            if any(name == b"accept" and b"text/html" in value for name, value in scope["headers"]):
                body, kind = page, b"text/html; charset=utf-8"
        for message in _response(scope, body, kind):
            await send(message)

    return answer


def is_own(scope: Scope) -> bool:
    """Whether a request comes from this machine, and from no proxy on it."""
    client = scope.get("client")
    if not client or not client[0].startswith(_LOOPBACK):
        return False
    return all(name not in _FORWARDED for name, _ in scope["headers"])


def _response(scope: Scope, body: bytes, kind: bytes) -> Iterable[Message]:
    prefix = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    headers = [
        *([(b"content-type", kind)] if body else []),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"retry-after", b"1"),
        (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
        (b"x-content-type-options", b"nosniff"),
    ]
    yield {"type": f"{prefix}.start", "status": 503, "headers": headers}
    yield {"type": f"{prefix}.body", "body": body}
