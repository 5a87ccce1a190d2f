"""What is named as an interpreter and is none, or is too old: a message that says so."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from snake.core.errors import StartError
from snake.engine.host import Host
from snake.python.fields import PythonFields
from tests.venvs import VERSION, empty, interpreter


def fault(folder: Path, **fields: Any) -> str:
    """Return why the host of an app does not start."""
    asked = PythonFields(module_wsgi="main:app", **fields)
    before = children()
    with pytest.raises(StartError) as caught:
        asyncio.run(Host(asked, folder, multiprocess=False, grace=1.0).start())
    assert children() <= before
    return caught.value.message


def children() -> set[str]:
    """Return the processes that this one has, those that ended and were not waited for as well."""
    lists = Path("/proc/self/task").glob("*/children")
    return {pid for each in lists for pid in each.read_text().split()}


def script(path: Path, text: str) -> str:
    """Write a program."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_python_path_that_is_nothing(tmp_path: Path) -> None:
    """A path, a word that is not in the PATH, a folder and a file that is no program."""
    (tmp_path / "text").write_text("text")

    assert fault(tmp_path, python_path="/none") == 'the python_path "/none" does not exist'
    assert fault(tmp_path, python_path="nothon") == 'the python_path "nothon" is not in the PATH'
    assert fault(tmp_path, python_path=str(tmp_path)).endswith(
        f"is a folder; it takes an interpreter, like {tmp_path}/bin/python"
    )
    assert fault(tmp_path, python_path="./text") == (
        'the python_path "./text" cannot run: Permission denied'
    )


def test_python_path_that_is_no_python(tmp_path: Path) -> None:
    """What ends, and what closes its end of the channel, is told not to be a Python."""
    ends = script(tmp_path / "ends", "exit 3")
    rubbish = script(tmp_path / "rubbish", 'eval "echo nothing of the kind >&$4"; sleep 9')

    assert fault(tmp_path, python_path=ends) == (
        f'the python_path "{ends}" is not a Python: it ended with exit code 3'
    )
    assert fault(tmp_path, python_path=rubbish).startswith(
        f'the python_path "{rubbish}" is not a Python: '
    )


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8", "3.10"])
def test_python_that_is_too_old(tmp_path: Path, version: str) -> None:
    """An old Python is told its version and what is needed, without a traceback."""
    told = fault(tmp_path, python_path=interpreter(version))

    assert f"is Python {version}; apps need 3.11 or newer" in told


def test_venv_that_is_broken(tmp_path: Path) -> None:
    """A venv whose Python has gone is told where that was."""
    python = empty(tmp_path / "venv") / "bin" / "python3"
    for path in python.parent.glob("python*"):
        path.unlink()
    assert fault(tmp_path, venv_path="venv") == (
        f'the venv "{tmp_path / "venv"}" has no Python: no {python}'
    )

    python.symlink_to("/gone/python3")
    assert fault(tmp_path, venv_path="venv") == (
        f'the venv "{tmp_path / "venv"}" is broken: its python3 leads to /gone/python3, '
        "which does not exist; make the venv again"
    )
    assert fault(tmp_path, venv_path="none") == f'the venv "{tmp_path / "none"}" does not exist'


async def test_venv_that_was_moved(tmp_path: Path) -> None:
    """A venv works where it is, also when it was made elsewhere, and tells its version."""
    empty(tmp_path / "made").rename(tmp_path / "moved")
    asked = PythonFields(module_wsgi="main:app", venv_path="moved")
    host = Host(asked, tmp_path, multiprocess=False, grace=1.0)
    started = await host.start()
    started.sock.close()
    os.waitpid(started.pid, 0)  # noqa: ASYNC222  (it ends with its channel)

    assert host.python.startswith(f"{VERSION}.")
    assert host.python == ".".join(map(str, sys.version_info[:3]))
