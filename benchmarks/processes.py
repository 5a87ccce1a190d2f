"""Start a contender's processes, wait for its first answer, and stop every one of them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

import memory

START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0


class StartError(Exception):
    """A contender did not answer; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that answers."""

    pids: tuple[int, ...]
    """The processes that were started; each may have children."""
    port: int
    log: Path
    """What they print."""
    start: float
    """Seconds from the start of its first process to its first answer."""


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on; all held at once, so they differ."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def running(commands: Sequence[list[str]], port: int, path: str, log: Path) -> Iterator[Running]:
    """Start the commands and wait for the first 200. Raises `StartError`; always stops them."""
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        began = time.perf_counter()
        processes = [stack.enter_context(_process(command, output)) for command in commands]
        _await_answer(processes, port, path, log)
        pids = tuple(process.pid for process in processes)
        yield Running(pids, port, log, time.perf_counter() - began)


@contextmanager
def _process(command: list[str], output: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process as its makers intend; then end whatever is left of its tree."""
    tree = memory.tree([process.pid])
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in tree - {process.pid}:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _await_answer(
    processes: Sequence[subprocess.Popen[bytes]], port: int, path: str, log: Path
) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if _answers(port, path):
            return
        if any(process.poll() is not None for process in processes):
            break
        time.sleep(0.002)
    tail = log.read_text(errors="replace")[-2000:]
    raise StartError(f"no answer on port {port}\n{tail}")


def _answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
