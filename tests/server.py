"""A real `snake run` in a folder of its own, for tests that want processes and sockets.

::

    with running("http://localhost:PORT { respond hi }", tmp_path) as server:
        httpx.get(server.url)
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]
START_LIMIT = 30.0
STOP_LIMIT = 20.0


class Server:
    """A process that runs snake, and what it logs."""

    def __init__(self, process: subprocess.Popen[str], port: int, folder: Path) -> None:
        self.process = process
        self.port = port
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, args=(process.stderr,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The supervisor's process ID."""
        return self.process.pid

    @property
    def log(self) -> str:
        """Everything on stderr until now."""
        with self._news:
            return "".join(self._lines)

    @property
    def output(self) -> str:
        """Everything on stdout until now."""
        return (self.folder / "stdout.txt").read_text()

    @property
    def records(self) -> list[dict[str, Any]]:
        """The log records until now."""
        with self._news:
            return [json.loads(line) for line in self._lines if line.startswith("{")]

    def workers(self) -> list[int]:
        """Return the process IDs of the workers that were ready at the start."""
        pids: list[int] = self.wait_for("serving")["pids"]
        return pids

    def wait_for(self, message: str, limit: float = START_LIMIT, count: int = 1) -> dict[str, Any]:
        """Wait for the record with this `msg` (the `count`-th one), and return it."""

        def found() -> list[dict[str, Any]]:
            return [record for record in self.records if record["msg"] == message]

        with self._news:
            self._news.wait_for(lambda: len(found()) >= count or self._done(), limit)
        records = found()
        assert len(records) >= count, f"no {message!r} in the log:\n{self.log}"
        return records[count - 1]

    def send(self, number: signal.Signals) -> None:
        """Send the supervisor a signal."""
        self.process.send_signal(number)

    def wait(self, limit: float = STOP_LIMIT) -> int:
        """Wait for the end, and return the exit code."""
        code = self.process.wait(limit)
        self._reader.join(limit)
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server, and return its exit code."""
        if self.process.poll() is None:
            self.send(number)
        return self.wait()

    def _done(self) -> bool:
        return not self._reader.is_alive()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    self._lines.append(line)
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()


_BLOCK = 2000
_BLOCKS = 11


@cache
def _ports() -> Iterator[int]:
    """Return the ports of this process of pytest, in a circle that begins anywhere.

    Each process has a block of its own, below the ports that the system gives away: two servers
    that share a port by `SO_REUSEPORT` would share their requests, too.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _BLOCKS
    block = range(10_000 + worker * _BLOCK, 10_000 + (worker + 1) * _BLOCK)
    begin = random.randrange(_BLOCK)
    return cycle([*block[begin:], *block[:begin]])


_TAKEN_FOR_TEXT = 12_345
"""A port that stands in bodies of tests, where it would be taken for the server's."""


def free_port() -> int:
    """Return a TCP port that nobody listens on, and that no other test gets."""
    for port in _ports():
        if port == _TAKEN_FOR_TEXT:
            continue
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise AssertionError


def free_ports(count: int) -> list[int]:
    """Return ports like that, all different."""
    return [free_port() for _ in range(count)]


def start(
    config: str,
    folder: Path,
    *args: str,
    name: str = "Caddyfile",
    env: Mapping[str, str] | None = None,
    **options: Any,
) -> Server:
    """Start `snake <command> --config <name> <args>`, and do not wait.

    Each `PORT` in the text becomes a free port, one and the same. With the name `-` the text
    comes from stdin. Other options are Popen's.
    """
    port, command = free_port(), options.pop("command", "run")
    (folder / name).write_text(config.replace("PORT", str(port)))
    given = (folder / name if name == "-" else Path(os.devnull)).open()
    with (folder / "stdout.txt").open("w") as output, given:
        process = subprocess.Popen(
            [sys.executable, "-m", "snake", command, "--config", name, *args],
            cwd=folder,
            env=environment(folder) | dict(env or {}),
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            **{"stdin": given, **options},
        )
    return Server(process, port, folder)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment for snake's processes: this checkout, and no file outside `folder`."""
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "XDG_CONFIG_HOME": str(folder / "xdg"),
        "XDG_DATA_HOME": str(folder / "xdg-data"),
        "SNAKE_INSTALL_TRUST": "off",
        "CADDY_ADMIN": "off",
    }


@contextmanager
def running(
    config: str, folder: Path, *args: str, name: str = "Caddyfile", **options: Any
) -> Iterator[Server]:
    """Start a server, wait until it serves, and end it with the block, by force if need be."""
    server = start(config, folder, *args, name=name, **options)
    try:
        server.wait_for("serving")
        yield server
    finally:
        try:
            server.stop()
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.wait()
            raise AssertionError(f"the server did not stop:\n{server.log}") from None


def run(*args: str, folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `snake <args>` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "snake", *args],
        cwd=folder,
        env=environment(folder) | options.pop("env", {}),
        capture_output=True,
        text=True,
        timeout=START_LIMIT,
        check=False,
        **options,
    )
