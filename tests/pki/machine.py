"""A machine like this one, whose trust store is a copy: what is done there is not done here.

::

    def test_it(machine: Machine) -> None:
        machine.run("update-ca-certificates")

It is this machine in a mount namespace of its own, so nothing has to be undone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from snake.pki.trust import debian
from tests.server import ROOT, Server, environment, free_port

_FOLDERS = (debian.store.folder, "/etc/ssl/certs", "/etc/ca-certificates/update.d")


class Machine:
    """The machine; its folders are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for number, name in enumerate(_FOLDERS):
            shutil.copytree(name, folder / str(number), symlinks=True)
        # Other packages that want to know of changes are not asked.
        for hook in (folder / "2").iterdir():
            hook.unlink()

    def run(self, *command: str, **env: str) -> str:
        """Run a command there, and return what it prints."""
        done = _apart(self._folder, command, os.environ | {"PYTHONPATH": str(ROOT)} | env)
        assert not done.returncode or command[0] == "curl", done.stderr
        return done.stdout

    def snake(self, *args: str, **env: str) -> str:
        """Run snake there, and return what it prints."""
        clean = environment(self._folder) | {"SNAKE_INSTALL_TRUST": "", "JAVA_HOME": ""}
        return self.run(sys.executable, "-m", "snake", *args, **{**clean, **env})

    @contextmanager
    def serving(self, folder: Path, config: str, **env: str) -> Iterator[Server]:
        """Have snake serve there; each `PORT` is a free port. It may change the trust store."""
        port = free_port()
        (folder / "Caddyfile").write_text(config.replace("PORT", str(port)))
        clean = environment(folder) | {"PYTHONPATH": str(ROOT), "SNAKE_INSTALL_TRUST": ""}
        process = subprocess.Popen(
            _words(self._folder, (sys.executable, "-m", "snake", "run")),
            cwd=folder,
            env=clean | env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        server = Server(process, port, folder)
        try:
            server.wait_for("serving")
            yield server
        finally:
            server.stop()

    def curl(self, url: str) -> str:
        """Return what curl gets there; nothing if it does not accept the certificate."""
        return self.run("curl", "-sS", "--max-time", "20", url)

    @property
    def links(self) -> list[str]:
        """The names of what is in the folder of all certificates."""
        return sorted(path.name for path in (self._folder / "1").iterdir())


def _apart(
    folder: Path, command: tuple[str, ...], env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _words(folder, command),
        env=env,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def _words(folder: Path, command: tuple[str, ...]) -> list[str]:
    """Return a command that runs another there."""
    binds = "".join(
        f'mount --bind "{folder}/{number}" {name}\n' for number, name in enumerate(_FOLDERS)
    )
    script = f'{binds}exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", *command]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """The machine, or a skipped test where there can be none."""
    if debian.store.missing():
        pytest.skip("this is no Debian with ca-certificates")
    (tmp_path / "machine").mkdir()
    found = Machine(tmp_path / "machine")
    if _apart(tmp_path / "machine", ("true",), os.environ).returncode:
        pytest.skip("there can be no mount namespace: it takes root")
    return found
