"""Nursery: the processes that the hosts of tenants are forked from, one for each interpreter."""

from __future__ import annotations

import asyncio
import os
import sysconfig
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from snake.core.errors import StartError
from snake.engine.greeting import greeting
from snake.engine.spawner import Spawner, Started, start_program
from snake.python.interpreter import Interpreter

ROOT = str(Path(__file__).parents[2])
BOOT = """\
import sys
sys.path[:] = [path for path in sys.path if path]
if sys.version_info < (3, 11):
    import json, os, struct
    told = json.dumps(["Failed", "%d.%d" % sys.version_info[:2], ""]).encode()
    os.write(int(sys.argv[1]), struct.pack(">I", len(told)) + told)
    sys.exit(0)
from importlib.util import module_from_spec, spec_from_file_location
folder = sys.argv[2] + "/snake"
spec = spec_from_file_location(
    "snake", folder + "/__init__.py", submodule_search_locations=[folder])
sys.modules["snake"] = snake = module_from_spec(spec)
spec.loader.exec_module(snake)
from importlib import import_module
import_module("snake.pool." + sys.argv[3]).main(int(sys.argv[1]))
"""
"""Makes snake importable there, and nothing else that lies beside it.

Any Python reads it, so that one that is too old can say so.
"""

_GOING = 2.0
"""Seconds that hosts have to end; they end with the base in any case."""
_EARLY = ("PYTHON", "LC_", "LANG", "MALLOC_", "GLIBC_", "OPENSSL_", "LD_", "DYLD_", "__PYVENV")
"""How variables begin that an interpreter, or a library of the base, reads when it starts."""


class Nursery:
    """Forks hosts. What it starts it starts when it is first asked, and keeps alive."""

    def __init__(self) -> None:
        self._bases: dict[str, Spawner] = {}
        self._starting = asyncio.Lock()
        self._hosts: set[asyncio.Future[int]] = set()
        self._stack = AsyncExitStack()

    async def fork(self, interpreter: Interpreter) -> Started:
        """Fork a host that has said nothing yet. Raises `StartError`."""
        path = _real(interpreter)
        async with self._starting:
            if path not in self._bases:
                start = partial(_start, path, interpreter.told)
                spawner = Spawner(await start(), start)
                self._bases[path] = await self._stack.enter_async_context(spawner)
        try:
            child = await self._bases[path].fork()
        except OSError as error:  # it has died; another is on its way
            raise StartError(f"no host can be forked: {error.strerror}") from None
        self._hosts.add(child.exited)
        child.exited.add_done_callback(self._hosts.discard)
        return Started(child.pid, child.sock)

    async def close(self) -> None:
        """End them, when the hosts are gone, which have been told to go."""
        if self._hosts:
            await asyncio.wait(self._hosts, timeout=_GOING)
        self._bases.clear()
        await self._stack.aclose()


def _real(interpreter: Interpreter) -> str:
    """Return the interpreter that a venv's is a link to."""
    return os.path.realpath(interpreter.path)


async def _start(path: str, told: str) -> Started:
    arguments = [ROOT, "nursery", uvloop(), sysconfig.get_config_var("SOABI") or ""]
    try:
        started = start_program([path, "-S", "-c", BOOT], arguments, os.environ)
    except OSError as error:
        raise StartError(f"{told} cannot run: {error.strerror}") from None
    await greeting(started, told)
    return started


def is_late(environment: Mapping[str, str]) -> bool:
    """Whether a process can be given these variables after it was started with the server's."""
    names = {name for name in (*environment, *os.environ) if name.startswith(_EARLY)}
    return all(environment.get(name) == os.environ.get(name) for name in names)


def venv_around(interpreter: str) -> str:
    """Return the venv whose interpreter this is; nothing when it is of none."""
    folder = Path(interpreter).parent.parent
    return str(folder) if (folder / "pyvenv.cfg").is_file() else ""


def uvloop() -> str:
    """Return the folder of snake's uvloop; nothing when it has none."""
    found = find_spec("uvloop")
    return str(Path(found.origin).parent) if found and found.origin else ""
