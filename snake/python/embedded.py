"""Embedded: the apps that run inside this worker, one of each however often it is named."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from pathlib import Path
from typing import Any

from snake.app.lifespan import Lifespan
from snake.app.load import is_asgi, is_wsgi, load_app
from snake.app.threads import Threads
from snake.core.errors import StartError
from snake.core.folder import START
from snake.core.modules import Context
from snake.http.handler import Handler
from snake.python.asgi import ASGIHandler
from snake.python.env import Environment, active_venv
from snake.python.fields import PythonFields
from snake.python.values import start_timeout_seconds, worker_count
from snake.python.wsgi import WSGIHandler

log = logging.getLogger("snake.python")


class EmbeddedApps:
    """The apps of one generation, or of one of the loops that run it."""

    def __init__(self) -> None:
        self._first: PythonFields | None = None
        self._handlers: dict[tuple[str, bool, bool], Handler] = {}

    async def handler(self, ctx: Context, fields: PythonFields) -> Handler:
        """Return the handler of an app, which is loaded and started when it is new.

        Raises `ConfigError` when it cannot live with the others, `StartError`
        when it does not start.
        """
        if self._first is None:
            self._first = fields
        elif different := environment(fields).differences(environment(self._first)):
            raise ctx.fail(
                f'the app "{fields.name}" has another {" and ".join(different)} than an app '
                "before it; apps that run embedded in one configuration share one environment"
            )
        enter(fields)
        key = (fields.name, bool(fields.module_asgi), fields.lifespan == "on")
        if key not in self._handlers:
            self._handlers[key] = await _start(ctx, fields)
        return self._handlers[key]


class _Entered:
    """The environment that this process lives in."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.environment: Environment | None = None


_ENTERED = _Entered()


def environment(fields: PythonFields) -> Environment:
    """Return where an app wants to run."""
    start = Path(START.folder)
    return Environment(
        working_dir=start / fields.working_dir,
        venv=start / fields.venv_path if fields.venv_path else active_venv(),
        env_files=fields.env_files,
        env_vars=fields.env_vars,
    )


def enter(fields: PythonFields) -> None:
    """Make this process live where an app wants to run, if it does not yet. Raises `StartError`."""
    wanted = environment(fields)
    with _ENTERED.lock:
        if _ENTERED.environment != wanted:
            wanted.enter()
            _ENTERED.environment = wanted


async def _start(ctx: Context, fields: PythonFields) -> Handler:
    began = time.monotonic()
    app = load(fields.name)
    if is_asgi(app) or (fields.module_asgi and not is_wsgi(app)):
        left = start_timeout_seconds(fields.start_timeout)
        if left is not None:
            left = max(left - (time.monotonic() - began), 0.0)
        return await _start_asgi(ctx, fields, app, left)
    if fields.module_asgi:
        raise StartError(
            f'the app "{fields.name}" is a WSGI app: it takes an environ and start_response; '
            "name it with module_wsgi"
        )
    if fields.lifespan == "on":
        log.warning("lifespan is ignored: the app is WSGI", extra={"fields": {"app": fields.name}})
    threads = await ctx.enter(Threads(asyncio.get_running_loop()))
    return WSGIHandler(fields.name, app, threads, multiprocess=worker_count(fields.workers) != 1)


def load(name: str) -> Any:  # noqa: ANN401 - whatever the user has named
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
    fields: PythonFields,
    app: Any,  # noqa: ANN401 - what the user has named; it was asked whether it is ASGI
    start_timeout: float | None,
) -> Handler:
    if not fields.module_asgi:
        log.info(
            "the app named as WSGI is ASGI, and runs as ASGI",
            extra={"fields": {"app": fields.name}},
        )
    if fields.lifespan != "on":
        return ASGIHandler(fields.name, app)
    lifespan = await ctx.enter(Lifespan(fields.name, app, start_timeout))
    return ASGIHandler(fields.name, app, lifespan.state)
