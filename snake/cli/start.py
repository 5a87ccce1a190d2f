"""`snake start`."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from snake.cli.pingback import Awaited
from snake.cli.start_log import StartLog, start_log
from snake.cli.values import ADAPTER, FILE
from snake.cli.way_to_end import way_to_end
from snake.core.errors import SnakeError
from snake.core.text import visible

_STEP = 0.1
"""Seconds between two looks at whether the server has ended."""
_PATIENCE = 10.0
"""Seconds that a server has to end when nobody waits for it any more."""
_QUIET = ('{"level":"info"', '{"level":"debug"')
"""How the records begin that are no complaints."""
_LESS = ("ts", "logger")
"""What of a record is not told again at the terminal."""


@click.command("start")
@click.option("-c", "--config", type=FILE, metavar="FILE", help="The configuration.")
@click.option(
    "-a", "--adapter", type=ADAPTER, metavar="NAME", help="What the file is: caddyfile or json."
)
@click.option(
    "--envfile", "envfiles", multiple=True, type=FILE, metavar="FILE", help="NAME=VALUE lines."
)
@click.option("-w", "--watch", is_flag=True, help="Load the file anew whenever it changes.")
@click.option("--pidfile", type=FILE, metavar="FILE", help="Where to write the process ID.")
def command(
    config: str | None,
    adapter: str | None,
    envfiles: tuple[str, ...],
    watch: bool,  # noqa: FBT001  (click passes it by name)
    pidfile: str | None,
) -> int:
    """Start the server in the background.

    This returns when all of it serves, or tells why it does not. The server goes
    on when the terminal is closed; snake stop ends it. What it logs is written to
    a file, whose name is printed, unless stdout and stderr go to files already. At
    16 MiB it is rolled, and the one before is kept.
    """
    if config == "-":
        raise SnakeError("start takes no configuration from stdin; save it to a file")
    flags = [
        *_flag("--config", config),
        *_flag("--adapter", adapter),
        *(word for file in envfiles for word in _flag("--envfile", file)),
        *_flag("--pidfile", pidfile),
        *["--watch"] * watch,
    ]
    with Awaited() as awaited, _log(config) as log:
        flags += ["--pingback", awaited.address]
        process = _start(flags, awaited, log)
        if process.returncode is not None:
            return _failed(process, log)
        if log is not None:
            log.leave()
    click.echo(_complaints(log), nl=False, err=True)
    stop = way_to_end(process.pid, config, adapter, envfiles)
    click.echo(f"snake runs in the background (PID {process.pid}); to end it: {stop}")
    if log is not None:
        click.echo(f"its log is {log.path}")
    return 0


def _flag(name: str, value: str | None) -> list[str]:
    return [] if value is None else [f"{name}={value}"]


def _start(flags: Sequence[str], awaited: Awaited, log: StartLog | None) -> subprocess.Popen[bytes]:
    """Return the server when it serves, or when it has ended."""
    process = subprocess.Popen(  # noqa: S603  (this program itself)
        [*own_command(), "run", *flags],
        stdin=subprocess.PIPE,
        stdout=_output(1, log),
        stderr=_output(2, log),
        env=own_environment(),
        # Neither Ctrl-C in this terminal nor its end is for the server.
        start_new_session=True,
    )
    try:
        _send(process, awaited.token)
        while process.poll() is None and not awaited.has_come(_STEP):
            if log is not None:
                log.take()
    except BaseException:
        _end(process)
        raise
    if log is not None:
        log.take()
    return process


def own_command() -> list[str]:
    """Return the words that run snake as it runs here, before those of a command."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-P", "-m", "snake"]


def own_environment() -> dict[str, str]:
    """Return the environment of a snake that stays when this one has ended.

    One that is a standalone executable is to unpack itself anew: what this one has unpacked goes
    with it.
    """
    is_frozen = getattr(sys, "frozen", False)
    return {**os.environ, **({"PYINSTALLER_RESET_ENVIRONMENT": "1"} if is_frozen else {})}


def _send(process: subprocess.Popen[bytes], token: bytes) -> None:
    assert process.stdin is not None  # noqa: S101  (it is a pipe)
    try:
        process.stdin.write(token)
        process.stdin.close()
    except BrokenPipeError:
        pass  # it has ended already, and is asked why


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server that is waited for no longer."""
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _failed(process: subprocess.Popen[bytes], log: StartLog | None) -> int:
    """Say what the server has said; return its exit code."""
    said = _complaints(log)
    click.echo(said, nl=False, err=True)
    if process.returncode < 0:
        raise SnakeError(f"snake was ended by signal {-process.returncode} before it served")
    if log is not None and "Error: " not in said and _output(2, log) is not None:
        raise SnakeError(f"snake ended before it served; its log is {log.path}")
    return process.returncode or 1


def _complaints(log: StartLog | None) -> str:
    """Return what has come to a log beside the records that are no more than news."""
    if log is None:
        return ""
    lines = log.told.decode("utf-8", "replace").splitlines()
    told = (_readable(line) for line in lines if not line.startswith(_QUIET))
    return "".join(f"{visible(line)}\n" for line in told)


def _readable(line: str) -> str:
    """Return a record of the log as a person reads it, and any other line as it is."""
    try:
        record = json.loads(line) if line.startswith("{") else None
    except ValueError:
        record = None
    if not isinstance(record, dict) or "msg" not in record:
        return line
    told = f"{str(record.pop('level', '')).upper()}: {record.pop('msg')}"
    facts = [f"{name}={fact}" for name, fact in record.items() if name not in _LESS]
    return f"{told} ({', '.join(facts)})" if facts else told


def _output(descriptor: int, log: StartLog | None) -> int | None:
    """Return where an output of the server goes: `None` where that of this process goes."""
    return None if log is None or _stays(descriptor) else log.writer


def _stays(descriptor: int) -> bool:
    """Tell whether an output may be kept open by a server, as a file can.

    A terminal is wanted back, and so is a pipe: whoever reads it waits until the last writer ends.
    """
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:  # closed
        return False
    return not (stat.S_ISFIFO(mode) or os.isatty(descriptor))


@contextmanager
def _log(config: str | None) -> Iterator[StartLog | None]:
    """Open the log of the server; none where both of its outputs are files already."""
    if _stays(1) and _stays(2):
        yield None
        return
    with start_log(config or "Caddyfile") as log:
        yield log
