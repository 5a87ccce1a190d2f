"""Templates that are run without a server around them, for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from snake.http.errors import HandlerError
from snake.http.handler import ASGIApp, Message
from snake.http.recorder import Recorder
from snake.http.request import Request
from snake.templates.engine import Engine
from snake.templates.folder import Folder
from snake.templates.rendering import Rendering
from snake.templates.views import ResponseHeader
from snake.transport.asgi import decode_path


def request_for(target: str = "/page.html", **headers: str) -> Request:
    """Return a GET of a target; `x_a="1"` is the header field `x-a`."""
    path, _, query = target.partition("?")
    fields = {"host": "example.test:8080"} | {k.replace("_", "-"): v for k, v in headers.items()}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": decode_path(path.encode()),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in fields.items()],
        "client": ("192.0.2.1", 4711),
    }

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    return Request(scope, receive)


async def render(  # noqa: PLR0913
    source: str,
    root: Path | str = "/nonexistent",
    *,
    request: Request | None = None,
    escapes: bool = True,
    delimiters: Sequence[str] = (),
    extensions: Mapping[str, Callable[..., Any]] | None = None,
    app: ASGIApp | None = None,
    engine: Engine | None = None,
) -> str:
    """Run a page. Raises `HandlerError`."""
    request = request or request_for()

    async def send(message: Message) -> None:
        del message

    header = ResponseHeader(Recorder(request, send, lambda *_: True))
    rendering = Rendering(
        engine or Engine(delimiters, extensions or {}),
        request,
        Folder(str(root)),
        header,
        app,
        escapes=escapes,
    )
    return await rendering.page(source, request.path)


async def fault(source: str, root: Path | str = "/nonexistent", **options: Any) -> HandlerError:
    """Return the error that a page ends with."""
    try:
        text = await render(source, root, **options)
    except HandlerError as error:
        return error
    raise AssertionError(f"no error, but {text[:100]!r}")


def shown(expression: str) -> str:
    """Return a page of the value of an expression."""
    return "{{ " + expression + " }}"
