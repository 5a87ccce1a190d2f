"""Embedded: the apps that run inside this worker, one of each however often it is named."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from pathlib import Path
from typing import Any

from snake.app.lifespan import Lifespan
from snake.app.load import is_asgi, is_wsgi, load_app
from snake.app.threads import Threads
from snake.core.errors import StartError
from snake.core.modules import Context
from snake.core.record import Record
from snake.http.handler import Handler
from snake.python.asgi import ASGIHandler
from snake.python.env import Environment, active_venv
from snake.python.wsgi import WSGIHandler

log = logging.getLogger("snake.python")


class AppSettings(Record):
    """What a `python` handler says of its app. Paths are as written."""

    name: str
    asgi: bool
    """Whether it was named as an ASGI app."""
    lifespan: bool = False
    multiprocess: bool = True
    """Whether other processes run the app as well."""
    start_timeout: float | None = None
    working_dir: str = ""
    venv: str = ""
    env_files: tuple[str, ...] = ()
    env_vars: tuple[tuple[str, str], ...] = ()


class EmbeddedApps:
    """The apps of one generation."""

    def __init__(self) -> None:
        self._cwd = Path.cwd()
        self._environment: Environment | None = None
        self._handlers: dict[tuple[str, bool, bool], Handler] = {}

    async def handler(self, ctx: Context, settings: AppSettings) -> Handler:
        """Return the handler of an app, which is loaded and started when it is new.

        Raises `ConfigError` when it cannot live with the others, `StartError`
        when it does not start.
        """
        self._enter(ctx, settings)
        key = (settings.name, settings.asgi, settings.lifespan)
        if key not in self._handlers:
            self._handlers[key] = await _start(ctx, settings)
        return self._handlers[key]

    def _enter(self, ctx: Context, settings: AppSettings) -> None:
        environment = Environment(
            working_dir=self._cwd / settings.working_dir,
            venv=self._cwd / settings.venv if settings.venv else active_venv(),
            env_files=settings.env_files,
            env_vars=dict(settings.env_vars),
        )
        if self._environment is None:
            environment.enter()
            self._environment = environment
        elif different := environment.differences(self._environment):
            raise ctx.fail(
                f'the app "{settings.name}" has another {" and ".join(different)} than an app '
                "before it; apps that run embedded in one configuration share one environment"
            )


async def _start(ctx: Context, settings: AppSettings) -> Handler:
    began = time.monotonic()
    app = _load(settings.name)
    if is_asgi(app) or (settings.asgi and not is_wsgi(app)):
        left = settings.start_timeout
        if left is not None:
            left = max(left - (time.monotonic() - began), 0.0)
        return await _start_asgi(ctx, settings, app, left)
    if settings.asgi:
        raise StartError(
            f'the app "{settings.name}" is a WSGI app: it takes an environ and start_response; '
            "name it with module_wsgi"
        )
    if settings.lifespan:
        log.warning(
            "lifespan is ignored: the app is WSGI", extra={"fields": {"app": settings.name}}
        )
    threads = await ctx.enter(Threads(asyncio.get_running_loop()))
    return WSGIHandler(settings.name, app, threads, multiprocess=settings.multiprocess)


def _load(name: str) -> Any:  # noqa: ANN401 - whatever the user has named
    """Load an app without the garbage collector in the way, then or later.

    What an import makes lives as long as the worker: the collector goes over it
    once, and never again while requests wait.
    """
    gc.disable()
    try:
        return load_app(name)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


async def _start_asgi(
    ctx: Context,
    settings: AppSettings,
    app: Any,  # noqa: ANN401 - what the user has named; it was asked whether it is ASGI
    start_timeout: float | None,
) -> Handler:
    if not settings.asgi:
        log.info(
            "the app named as WSGI is ASGI, and runs as ASGI",
            extra={"fields": {"app": settings.name}},
        )
    if not settings.lifespan:
        return ASGIHandler(settings.name, app)
    lifespan = await ctx.enter(Lifespan(settings.name, app, start_timeout))
    return ASGIHandler(settings.name, app, lifespan.state)
