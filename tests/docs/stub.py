"""A `python` handler that imports no app: pages show more Caddyfiles than there are apps."""

from __future__ import annotations

from snake.directives.python import Python
from snake.plugin import Context, Handler, Next, Request, Send


class Absent(Python):
    """The JSON of `http.handlers.python`, without the app."""

    id = "http.handlers.python"

    async def provision(self, ctx: Context) -> Handler:
        """Answer nothing."""
        del ctx

        async def absent(request: Request, send: Send, next: Next) -> None:
            await next(request, send)

        return absent
