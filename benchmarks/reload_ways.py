"""The ways to have snake reload: a signal, its command, its admin API, and a save of its file.

What is loaded is the same each time, so it is forced; but a save has to change something.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_GRACE = ("\tgrace_period 30s\n", "\tgrace_period 31s\n")
"""A line that a save changes; the Caddyfile has one of them."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """A snake that runs with `--watch`, and an admin API on a Unix socket."""

    pid: int
    config: Path
    admin: Path
    command: Sequence[str]
    """What runs snake's commands."""


async def by_signal(server: Reloaded) -> None:
    """Send SIGUSR1."""
    os.kill(server.pid, signal.SIGUSR1)


async def by_command(server: Reloaded) -> None:
    """Run `snake reload`."""
    argv = [*server.command, "reload", "--force", "--config", str(server.config)]
    process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    if process.returncode:
        raise RuntimeError(said.decode())


async def by_api(server: Reloaded) -> None:
    """POST the Caddyfile to `/load`."""
    body = server.config.read_bytes()
    fields = {
        "Host": "localhost",
        "Content-Type": "text/caddyfile",
        "Content-Length": str(len(body)),
        "Cache-Control": "must-revalidate",
        "Connection": "close",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    reader, writer = await asyncio.open_unix_connection(server.admin)
    writer.write(f"POST /load HTTP/1.1\r\n{head}\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(answer.decode())


async def by_save(server: Reloaded) -> None:
    """Save the file, which is watched."""
    text = server.config.read_text()
    before, after = _GRACE if _GRACE[0] in text else _GRACE[::-1]
    fresh = server.config.with_name(f".{server.config.name}")
    fresh.write_text(text.replace(before, after))
    fresh.rename(server.config)


WAYS: dict[str, Callable[[Reloaded], Awaitable[None]]] = {
    "signal": by_signal,
    "command": by_command,
    "api": by_api,
    "save": by_save,
}


def options(admin: Path) -> str:
    """Return the global options of a Caddyfile that can be reloaded by each of them."""
    return f"\tadmin unix/{admin}\n{_GRACE[0]}"
