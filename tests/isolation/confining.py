"""Programs started by `launch` with `isolation process`, and what they say.

Users are numbers that belong to nobody. What needs root, or a sandbox, is skipped without.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from snake.isolation import bubblewrap
from snake.isolation.launch import Launch, Launched, launch
from snake.python.isolation import Isolation
from snake.python.isolation_process import Process

UID = 100_000 + 20 * os.getpid()
"""A user that no other run of tests has: one kills all it can, and its processes are counted."""
ROOT = os.geteuid() == 0
SYSTEM_PYTHON = "/usr/bin/python3"


def sandbox_fault() -> str:
    """Return why there can be no sandbox here; nothing if there can."""
    program = bubblewrap.find()
    if program is None:
        return "bubblewrap is not installed"
    return bubblewrap.fault(program, root=ROOT, network=True)


needs_root = pytest.mark.skipif(not ROOT, reason="only root can become another user")
needs_sandbox = pytest.mark.skipif(bool(sandbox_fault()), reason=f"no sandbox: {sandbox_fault()}")
needs_python = pytest.mark.skipif(
    not Path(SYSTEM_PYTHON).exists(), reason="the system has no Python that every user can run"
)


def process(**fields: Any) -> Isolation:
    """Return `isolation process` with these fields, and with a user where that is needed."""
    if ROOT:
        fields.setdefault("user", str(UID))
    return Isolation(backend="process", process=Process(**fields))


@contextmanager
def folder_of(uid: int = UID) -> Iterator[Path]:
    """Make a folder that is this user's alone, at a place that others can reach."""
    folder = Path(tempfile.mkdtemp(prefix="snake-tenant-"))
    if ROOT:
        os.chown(folder, uid, uid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class Program:
    """A Python program that prints JSON on a pipe of its own."""

    def __init__(self, launched: Launched, pipe: int) -> None:
        self.launched = launched
        self._pipe = pipe

    async def began(self) -> None:
        """Wait until it has said something."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._pipe, ready.set)
        await asyncio.wait_for(ready.wait(), 30)
        loop.remove_reader(self._pipe)

    async def said(self) -> Any:
        """Wait for its end; return what it printed."""
        code = await asyncio.wait_for(self.launched.exited, 30)
        with os.fdopen(self._pipe) as file:
            text = file.read()
        assert text, f"it said nothing, and ended with {code}"
        return json.loads(text)


async def start(
    isolation: Isolation | None, code: str, folder: Path, python: str = SYSTEM_PYTHON
) -> Program:
    """Start Python code that calls `say(value)`."""
    reading, writing = os.pipe()
    text = (
        "import json, os, sys\n"
        f"def say(value): os.write({writing}, json.dumps(value).encode())\n{code}"
    )
    try:
        launched = await launch(
            isolation,
            Launch((python, "-S", "-c", text), {"OWN": "variable"}, str(folder), (writing,)),
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return Program(launched, reading)


async def said(isolation: Isolation | None, code: str, folder: Path) -> Any:
    """Run Python code that calls `say(value)`; return the value."""
    program = await start(isolation, code, folder)
    return await program.said()
