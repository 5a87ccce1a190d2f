"""Host: starts the zygote of a pool, in the interpreter of its app."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from copy import copy
from pathlib import Path

from snake.app.envfile import read_env_file
from snake.app.startup import Terms
from snake.core.errors import StartError
from snake.core.variables import CACHE
from snake.engine.greeting import greeting
from snake.engine.nursery import BOOT, ROOT, Nursery, is_late, uvloop, venv_around
from snake.engine.spawner import Started, start_program
from snake.fork.channel import Prepare, pair, send
from snake.isolation.launch import Launch, launch
from snake.pool.settings import Settings, encode
from snake.python.cache import variables as cache_variables
from snake.python.fields import PythonFields
from snake.python.interpreter import Interpreter, interpreter_of, is_in_image
from snake.python.values import (
    memory_limit,
    request_limit,
    request_timeout_seconds,
    start_timeout_seconds,
    thread_count,
)


class Host:
    """How the processes of one app come to be."""

    def __init__(  # noqa: PLR0913
        self,
        fields: PythonFields,
        cwd: Path,
        *,
        multiprocess: bool,
        grace: float | None,
        cache: str = "",
        nursery: Nursery | None = None,
    ) -> None:
        """Look at all that can be wrong before anything is started. Raises `StartError`."""
        folder = cwd / fields.working_dir
        if not folder.is_dir():
            what = "is not a directory" if folder.exists() else "does not exist"
            raise StartError(f'the working_dir "{folder}" {what}')
        self._interpreter = interpreter_of(fields, cwd)
        self.python = ""
        """The version of the interpreter, once it has told."""
        self._nursery = nursery
        self._isolation = fields.isolation
        self.isolated = fields.isolation is not None and fields.isolation.backend != "none"
        if self.isolated:
            folder = folder.resolve()
        self._cache = [cache.removeprefix("unix://").partition("?")[0]] if cache else []
        below = {} if self.isolated else os.environ
        self._environment = _environment(
            fields, folder, {CACHE: cache, **below} if cache else below
        )
        self.settings = Settings(
            terms=Terms(
                name=fields.name,
                asgi=bool(fields.module_asgi),
                lifespan=fields.lifespan == "on",
                multiprocess=multiprocess,
                start_timeout=start_timeout_seconds(fields.start_timeout),
                threads=thread_count(fields.threads),
            ),
            working_dir=str(folder),
            packages=self._interpreter.packages,
            uvloop="-" if fields.runtime == "native" else "" if is_in_image(fields) else uvloop(),
            abi=sysconfig.get_config_var("SOABI") or "",
            preload=fields.preload == "on",
            grace=grace,
            max_requests=request_limit(fields.max_requests) or 0,
            max_memory=memory_limit(fields.max_memory) or 0,
            request_timeout=request_timeout_seconds(fields.request_timeout),
            owner=os.getuid(),
        )

    def telling(self, why: str) -> Host:
        """Return a host whose processes tell why there is no app; it has snake's own Python."""
        other = copy(self)
        other._be_own()  # noqa: SLF001  (one of us)
        other.settings = self.settings._replace(
            terms=Terms(self.settings.terms.name, asgi=True),
            packages=(),
            uvloop="-",
            preload=False,
            max_requests=0,
            max_memory=0,
            request_timeout=None,
            broken=why,
        )
        return other

    def _be_own(self) -> None:
        self._interpreter = Interpreter(sys.executable, "the Python of snake")
        self.isolated = False
        self._nursery = None
        self._environment = os.environ

    async def start(self) -> Started:
        """Start the host. Raises `StartError`."""
        command = [self._interpreter.path, "-S", "-c", BOOT]
        settings = self.settings
        if self._nursery is not None and not self.isolated and is_late(self._environment):
            started = await self._nursery.fork(self._interpreter)
            settings = settings._replace(
                environment=dict(self._environment), venv=venv_around(self._interpreter.path)
            )
        elif self.isolated:
            started = await self._start_isolated(command)
        else:
            try:
                started = start_program(command, [ROOT, "host"], self._environment)
            except OSError as error:
                raise StartError(f"{self._interpreter.told} cannot run: {error.strerror}") from None
        self.python = await greeting(started, self._interpreter.told)
        send(started.sock, Prepare(encode(settings)))
        return started

    async def _start_isolated(self, command: list[str]) -> Started:
        settings = self.settings
        ours, theirs = pair()
        with theirs:
            what = Launch(
                argv=(*command, str(theirs.fileno()), ROOT, "host"),
                env=self._environment,
                cwd=settings.working_dir,
                pass_fds=(theirs.fileno(),),
                read=(
                    *settings.packages,
                    *([settings.uvloop] if len(settings.uvloop) > 1 else []),
                    *self._cache,
                ),
                name=settings.terms.name,
            )
            try:
                launched = await launch(self._isolation, what)
            except BaseException:
                ours.close()
                raise
        ours.settimeout(0)
        return Started(launched.pid, ours, launched)


def _environment(fields: PythonFields, folder: Path, below: Mapping[str, str]) -> Mapping[str, str]:
    variables: dict[str, str] = dict(below)
    for file in fields.env_files:
        variables |= read_env_file(file, folder)
    return variables | fields.env_vars | cache_variables(fields.cache)
