"""Embedded: the apps that run inside this worker, one of each however often it is named."""

from __future__ import annotations

import threading
from pathlib import Path

from snake.app.startup import Terms, start_app
from snake.app.wear import Wear
from snake.core.folder import START
from snake.core.modules import Context
from snake.http.handler import Handler
from snake.metrics.apps import IN_WORKERS, of_app
from snake.metrics.figures import Figures
from snake.python.asgi import ASGIHandler
from snake.python.cache import variables
from snake.python.env import Environment
from snake.python.fields import PythonFields
from snake.python.values import start_timeout_seconds, thread_count, worker_count
from snake.python.venv import active_venv
from snake.python.wsgi import WSGIHandler


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
        cache=variables(fields.cache),
    )


def enter(fields: PythonFields) -> None:
    """Make this process live where an app wants to run, if it does not yet. Raises `StartError`."""
    wanted = environment(fields)
    with _ENTERED.lock:
        if _ENTERED.environment != wanted:
            wanted.enter()
            _ENTERED.environment = wanted


async def _start(ctx: Context, fields: PythonFields) -> Handler:
    terms = Terms(
        name=fields.name,
        asgi=bool(fields.module_asgi),
        lifespan=fields.lifespan == "on",
        multiprocess=worker_count(fields.workers) != 1,
        start_timeout=start_timeout_seconds(fields.start_timeout),
        threads=thread_count(fields.threads),
    )
    wear = ctx.service(Wear)
    app = await start_app(terms, ctx.enter, hangs=wear.ask if wear else None)
    if app.is_wsgi:
        figures = ctx.service(Figures) or ctx.shared(Figures)
        numbers = of_app(figures, fields.name, fields.working_dir, IN_WORKERS)
        return WSGIHandler(fields.name, app.run, numbers)
    return ASGIHandler(fields.name, app.run, app.state)
