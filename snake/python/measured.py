"""measured: a handler whose app's requests are counted and timed."""

from __future__ import annotations

from time import perf_counter

from snake.http.errors import AbortError, HandlerError
from snake.http.handler import Handler, Next, Send
from snake.http.noting import noting
from snake.http.request import Request
from snake.metrics.apps import APP_DURATION, ERRORS, FIRST_CLASS, IN_FLIGHT
from snake.metrics.sites import SWITCHED


def measured(handler: Handler, numbers: memoryview[float]) -> Handler:
    """Return a handler that counts each request into the `numbers` of an app.

    An error is what the app raised, and what kept it from answering; not a response of its own
    that says so.
    """

    async def measuring(request: Request, send: Send, next: Next) -> None:
        numbers[IN_FLIGHT] += 1
        known = noting(send)
        failed = 0
        began = perf_counter()
        try:
            await handler(request, known, next)
        except AbortError:  # a client that left, most of the time
            raise
        except Exception as error:
            numbers[ERRORS] += 1
            failed = error.status if isinstance(error, HandlerError) else 500
            raise
        finally:
            status = failed or known.status
            numbers[IN_FLIGHT] -= 1
            numbers[FIRST_CLASS + status // 100] += 1
            if status != SWITCHED:
                APP_DURATION.observe(numbers, perf_counter() - began)

    return measuring
