"""API: the admin API as an ASGI app: it logs, checks, finds the endpoint, and answers."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from snake.admin.access import Access
from snake.admin.answer import Answer, APIError, Headers, as_json
from snake.admin.counts import Counts, known
from snake.admin.endpoint import Endpoint, Endpoints, RerouteError
from snake.admin.request import Request
from snake.transport.asgi import ClientDisconnectedError, Receive, Scope, Send

logger = logging.getLogger("snake.admin.api")

POLLED = frozenset({"/metrics", "/snake/status"})
"""What is asked for every few seconds, and so is not worth a line."""
_SECRET = frozenset({"cookie", "set-cookie", "authorization", "proxy-authorization"})


class API:
    """Answers requests. `access` may change while it runs: connections that are open as well."""

    def __init__(
        self, endpoints: Iterable[Endpoint], access: Access, counts: Counts | None = None
    ) -> None:
        self._endpoints = Endpoints(endpoints)
        self.access = access
        self.counts = counts or Counts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        _log(request)
        try:
            fields, answer = await self._admit(request)
        except ClientDisconnectedError:
            return
        except Exception:
            logger.exception("a bug in snake or in a plugin")
            fields, answer = (), as_json({"error": "internal error; the log has more"}, 500)
        finally:
            request.release()
        await _send(send, answer, (*fields, *answer.headers))

    async def _admit(self, request: Request) -> tuple[Headers, Answer]:
        """Answer a request if its client may ask that."""
        try:
            fields = self.access.admit(request)
        except APIError as error:
            return (), _refused(error)
        found = self._endpoints.find(request)
        if isinstance(found, Answer):
            return fields, found
        return fields, await self._handle(found, request)

    async def _handle(self, found: Endpoint, request: Request) -> Answer:
        method = known(request.method)
        try:
            answer = await found.handle(request)
        except RerouteError as other:
            request.move(other.path)
            _, answer = await self._admit(request)
        except APIError as error:
            self.counts.errors[found.pattern, method] += 1
            answer = _refused(error)
        self.counts.requests[found.pattern, method, answer.status] += 1
        return answer


def _refused(error: APIError) -> Answer:
    fields = {"error": error.message, "status_code": int(error.status)}
    logger.error("request error", extra={"fields": fields})
    # Some are raised again and again: each time Python would put the frames before its old ones.
    error.__traceback__ = error.__context__ = None
    return error.answer


def _log(request: Request) -> None:
    ip, port = request.remote or ("@", "")
    fields: dict[str, object] = {
        "method": request.method,
        "host": request.host,
        "uri": request.uri,
        "remote_ip": ip,
        "remote_port": str(port),
        "headers": {
            name.title(): ["REDACTED"] if name in _SECRET else values
            for name, values in request.headers.items()
            if name != "host"
        },
    }
    level = logging.DEBUG if request.uri in POLLED else logging.INFO
    logger.log(level, "received request", extra={"fields": fields})


async def _send(send: Send, answer: Answer, headers: Headers) -> None:
    """Send a whole answer."""
    raw = [
        (name.lower().encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers
    ]
    raw.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})
