"""Dynamic: the handler of apps that requests choose, by placeholders in its fields."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from math import ceil
from pathlib import Path

from snake.core.errors import ConfigError
from snake.core.folder import START
from snake.core.modules import Context
from snake.http.errors import HandlerError
from snake.http.handler import Handler, Next, Send
from snake.http.request import Request
from snake.metrics.apps import POOL_WAIT, REJECTED, of_pool
from snake.metrics.figures import Figures
from snake.metrics.shared import Numbers
from snake.python.choice import Choice, NoAppError, Values
from snake.python.fields import PythonFields
from snake.python.pools import Pools
from snake.python.tenants import RefusedError, Tenant, Tenants
from snake.python.timeout import limit_time
from snake.python.values import request_timeout_seconds

log = logging.getLogger("snake.python")

_UNAVAILABLE = 503


def chosen(ctx: Context, fields: PythonFields) -> DynamicHandler:
    """Return the handler of the apps that requests choose. Raises `ConfigError`."""
    pools = ctx.service(Pools)
    if pools is None:
        raise ctx.fail("an app chosen by placeholders needs a process that starts it")
    try:
        choice = Choice(fields, Path(START.folder))
    except ConfigError as error:
        raise ctx.at(error.path).fail(error.message) from None
    handler = DynamicHandler(ctx.path, choice, pools.tenants)
    figures = ctx.service(Figures) or ctx.shared(Figures)
    handler.numbers = of_pool(figures, fields.name, fields.working_dir)
    if (seconds := request_timeout_seconds(fields.request_timeout)) is not None:
        handler.wrap = partial(limit_time, name=fields.name, seconds=seconds)
    return handler


class DynamicHandler:
    """Hands each request to the app that it chooses."""

    def __init__(self, place: str, choice: Choice, tenants: Tenants) -> None:
        self._place = place
        self._choice = choice
        self._tenants = tenants
        self._known = tenants.at(place)
        self.numbers: Numbers = [0.0] * POOL_WAIT.end
        """What is counted of its apps' pools, all together."""
        self.wrap: Callable[[Handler], Handler] | None = None
        """What is put around the handler of an app; its start is outside of it."""

    async def __call__(self, request: Request, send: Send, next: Next) -> None:
        """Answer one request. Raises `HandlerError` when there is no app, or when it fails."""
        values = self._choice.values(request)
        tenants = self._tenants
        tenant = self._known.get(values)
        if tenant is None:
            tenant = await self._claim(values, request)
            tenant.handler.numbers = self.numbers
        else:
            tenant.busy += 1
        try:
            tenants.use(tenant)
            handler = tenant.handler if self.wrap is None else self.wrap(tenant.handler)
            await handler(request, send, next)
        finally:
            tenant.busy -= 1
            tenants.use(tenant)

    async def _claim(self, values: Values, request: Request) -> Tenant:
        """Get an app that is not known here yet."""
        key = self._place, values
        try:
            if (refusal := self._tenants.refusal(key)) is not None:
                raise refusal
            self._choice.resolve(values)
            return await self._tenants.claim(key)
        except NoAppError as error:
            raise HandlerError(error.status, error.reason) from None
        except RefusedError as error:
            self.numbers[REJECTED] += 1
            if error.status == _UNAVAILABLE:
                after = str(max(ceil(error.seconds), 1)).encode()
                request.early = [*(request.early or ()), (b"retry-after", after)]
            failure = HandlerError(error.status, error.reason)
            failure.logged = True  # by the supervisor, once for all workers
            raise failure from None
