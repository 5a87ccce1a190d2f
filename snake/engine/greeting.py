"""Greeting: the first word of a pool's zygote. Whatever was started, only a Python says it."""

from __future__ import annotations

import asyncio
import os
import signal

from snake.core.errors import StartError
from snake.engine.spawner import Started
from snake.fork.channel import (
    HEAD,
    LONGEST_HEARD,
    ChannelError,
    Failed,
    Hello,
    Message,
    decode,
    size_of,
)

PATIENCE = 30.0
"""Seconds that an interpreter may take to begin."""
OLDEST = "3.11"


async def greeting(started: Started, told: str) -> str:
    """Wait for the greeting; return the version of the interpreter.

    `told` is how the interpreter is called. Raises `StartError`; the process is gone then.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            message = await _first(started)
    except asyncio.CancelledError:
        started.sock.close()
        if started.isolated is not None:
            started.isolated.kill()
        else:
            os.kill(started.pid, signal.SIGKILL)
        raise
    except TimeoutError:
        await _end(started)
        raise StartError(f"{told} is not a Python: it said nothing for {PATIENCE:g} s") from None
    except (OSError, ChannelError, asyncio.IncompleteReadError):
        fault = "is not a Python" if started.isolated is None else "does not start in its isolation"
        raise StartError(f"{told} {fault}: {await _end(started)}") from None
    if isinstance(message, Hello):
        return message.version
    await _end(started)
    if isinstance(message, Failed):
        raise StartError(
            f"{told} is Python {message.reason}; apps need {OLDEST} or newer, so make a venv with "
            "a newer one, or name one with python_path"
        )
    raise StartError(f"{told} is not a Python: it talks rubbish")


async def _first(started: Started) -> Message:
    head = await _read(started, HEAD)
    return decode(await _read(started, size_of(head, LONGEST_HEARD)))


async def _read(started: Started, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < count:
        some = await loop.sock_recv(started.sock, count - len(data))
        if not some:
            raise asyncio.IncompleteReadError(data, count)
        data += some
    return data


async def _end(started: Started) -> str:
    """End the process; tell how it had ended by itself."""
    started.sock.close()
    if started.isolated is not None:
        await asyncio.wait([started.isolated.exited], timeout=_LOOKS / 100)
        ended = started.isolated.exited.done()
        started.isolated.kill()
        status = await started.isolated.exited
        return f"it ended with exit code {status}" if ended else _SILENT
    # One that has closed its channel is about to be gone.
    for look in range(2 * _LOOKS):
        if (code := _exit_code(started.pid)) is not None:
            return f"it ended with exit code {code}" if look < _LOOKS else _SILENT
        if look == _LOOKS:
            os.kill(started.pid, signal.SIGKILL)
        await asyncio.sleep(0.01)
    return _SILENT


def _exit_code(pid: int) -> int | None:
    """Return how a child has ended; `None` if it has not."""
    gone, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if gone else None


_LOOKS = 20
_SILENT = "it does not speak to snake"
