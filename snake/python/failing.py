"""Failing: what becomes of a request whose app failed."""

from __future__ import annotations

import logging
from typing import NoReturn

from snake.app.failure import excerpt, is_disconnect
from snake.http.errors import AbortError, HandlerError
from snake.http.request import Request

log = logging.getLogger("snake.python")


def fail(name: str, request: Request, error: BaseException, *, started: bool = False) -> NoReturn:
    """Log that the app failed, and raise the `HandlerError` that answers the request.

    A response that has `started` cannot be taken back: the connection ends. A
    client that went away is no failure.
    """
    if is_disconnect(error):
        raise AbortError from error
    failure = HandlerError(500, f"{type(error).__name__}: {error}")
    failure.__cause__ = error
    failure.logged = True
    fields = {
        "app": name,
        "method": request.method,
        "uri": request.uri,
        "error": failure.message,
        "err_id": failure.id,
        "err_trace": failure.trace,
    }
    log.error("app failed", exc_info=excerpt(error), extra={"fields": fields})
    if started:
        raise AbortError from error
    raise failure
