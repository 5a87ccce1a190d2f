"""Body limit: `request_body_max_size`, beyond which a request is a 413."""

from __future__ import annotations

from functools import partial

from snake.core.errors import ConfigError
from snake.core.units import UnitError, size
from snake.http.body import run_limited, too_large
from snake.http.handler import Handler, Next, Send
from snake.http.request import Request


def body_limit(text: str) -> int | None:
    """Read `request_body_max_size` in bytes; `None` for no limit. Raises `ConfigError`."""
    if not text:
        return None
    try:
        limit = size(text)
    except UnitError as error:
        raise ConfigError(f'invalid request_body max_size "{text}": {error}') from None
    if limit == 0:
        raise ConfigError(f'request_body max_size must be greater than 0, got "{text}"')
    return limit


def limit_body(handler: Handler, limit: int) -> Handler:
    """Return `handler` for requests whose body has at most `limit` bytes.

    A longer one that says so is refused before the app is called. One that does
    not ends for the app as if the client had gone, and its answer is a 413
    unless the app had begun one.
    """

    async def limited(request: Request, send: Send, next: Next) -> None:
        length = request.header(b"content-length")
        if length is not None and length.isdigit() and int(length) > limit:
            raise too_large(limit)
        await run_limited(request, send, partial(handler, next=next), limit)

    return limited
