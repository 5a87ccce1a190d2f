"""Startup: from the name of an app to what answers requests, whichever interface it has."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from snake.app.lifespan import Lifespan
from snake.app.load import is_asgi, is_wsgi, load_app
from snake.app.threads import MAX_RUNNING, Threads
from snake.app.wsgi import WSGIRunner
from snake.core.errors import StartError
from snake.transport.asgi import ASGIApp

log = logging.getLogger("snake.python")

Enter = Callable[[AbstractAsyncContextManager[Any]], Awaitable[Any]]
"""Enters what is to be left when the app ends."""


class Terms(NamedTuple):
    """On which terms an app is run."""

    name: str
    """`module:attribute`."""
    asgi: bool
    """Whether it was named as an ASGI app."""
    lifespan: bool = False
    multiprocess: bool = True
    """Whether other processes run it as well."""
    start_timeout: float | None = None
    """Seconds for its import and its startup; `None` for no limit."""
    threads: int = 0
    """Threads that a WSGI app may have at work at once; 0 for the default."""


class RunningApp(NamedTuple):
    """An app that answers requests on one event loop."""

    run: ASGIApp
    """The app itself; for a WSGI app, its `WSGIRunner`."""
    is_wsgi: bool = False
    state: dict[str, Any] | None = None
    """What its lifespan has left; `None` without one."""


def load(name: str) -> Any:  # noqa: ANN401 - whatever the user has named
    """Load an app without the garbage collector in the way, then or later. Raises `StartError`.

    What an import makes lives as long as the process, and the collector never goes over it.
    Garbage it leaves next to none (Flask nothing, FastAPI 120 objects of 30,000), and
    looking for that would take a tenth of the time until the first answer.
    """
    gc.disable()
    try:
        return load_app(name)
    finally:
        gc.freeze()
        gc.enable()


async def start_app(
    terms: Terms,
    enter: Enter,
    loaded: Any = None,  # noqa: ANN401
    hangs: Callable[[str], None] | None = None,
) -> RunningApp:
    """Load an app, unless it was `loaded` before, and start it. Raises `StartError`.

    `hangs` is told when all threads of a WSGI app hang.
    """
    began = time.monotonic()
    app = load(terms.name) if loaded is None else loaded
    if is_asgi(app) or (terms.asgi and not is_wsgi(app)):
        if not terms.asgi:
            _tell(terms, "the app named as WSGI is ASGI, and runs as ASGI")
        if not terms.lifespan:
            return RunningApp(app)
        left = terms.start_timeout
        if left is not None:
            left = max(left - (time.monotonic() - began), 0.0)
        lifespan: Lifespan = await enter(Lifespan(terms.name, app, left))
        return RunningApp(app, state=lifespan.state)
    if terms.asgi:
        raise StartError(
            f'the app "{terms.name}" is a WSGI app: it takes an environ and start_response; '
            "name it with module_wsgi"
        )
    if terms.lifespan:
        _tell(terms, "lifespan is ignored: the app is WSGI", level=logging.WARNING)
    loop, most = asyncio.get_running_loop(), terms.threads or MAX_RUNNING
    threads: Threads = await enter(Threads(loop, most, hangs=hangs))
    runner = WSGIRunner(terms.name, app, threads, multiprocess=terms.multiprocess)
    return RunningApp(runner, is_wsgi=True)


def _tell(terms: Terms, message: str, level: int = logging.INFO) -> None:
    log.log(level, message, extra={"fields": {"app": terms.name}})
