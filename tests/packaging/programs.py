"""Standalone executables, built and run where there is no Python.

`python -m tests.packaging.programs` builds one for each framework, runs it in a root that has a C
library and little else, and prints its size and how long it takes to start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.server import free_port

APPS = {
    "flask": {
        "main.py": 'import flask\napp = flask.Flask("x")\napp.get("/")(lambda: "from flask")\n',
        "requirements.txt": "flask\n",
    },
    "fastapi": {
        "main.py": (
            'from fastapi import FastAPI\napp = FastAPI()\napp.get("/")(lambda: "from fastapi")\n'
        ),
        "pyproject.toml": '[project]\nname = "a"\nversion = "1"\ndependencies = ["fastapi"]\n',
    },
    "django": {
        "main.py": (
            "from django.conf import settings\n"
            'settings.configure(ROOT_URLCONF="main", ALLOWED_HOSTS=["*"], SECRET_KEY="x")\n'
            "from django.core.wsgi import get_wsgi_application\n"
            "from django.http import HttpResponse\nfrom django.urls import path\n"
            'urlpatterns = [path("", lambda request: HttpResponse("from django"))]\n'
            "app = get_wsgi_application()\n"
        ),
        "requirements.txt": "django\n",
    },
}
"""The files of an app for each framework."""

LIMIT = 60.0
"""Seconds that a program may take to serve, on a machine that has much else to do."""
_SYSTEM = (
    *("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1"),
    *("libresolv.so.2", "libnss_files.so.2", "libnss_dns.so.2", "libz.so.1"),
)
"""The C library, and zlib, which PyInstaller's bootloader needs."""


def build(*arguments: str | Path, cwd: Path) -> Path:
    """Build a program with `snake build`; return it."""
    command = [sys.executable, "-m", "snake", "build", *arguments, "--output", "program"]
    done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return cwd / "program"


def write(app: Mapping[str, str], folder: Path) -> Path:
    """Write the files of an app."""
    folder.mkdir(parents=True)
    for name, text in app.items():
        (folder / name).write_text(text)
    return folder


def bare_root(folder: Path) -> Path:
    """Make the root of a system that has a C library, /tmp and /dev/null, and nothing else."""
    for name in ("tmp", "root", "dev", "proc"):
        (folder / name).mkdir(parents=True)
    told = subprocess.run(["/sbin/ldconfig", "-p"], check=True, capture_output=True, text=True)
    for line in told.stdout.splitlines():
        name, _, path = line.strip().partition(" ")
        path = path.rpartition("=> ")[2]
        if name in _SYSTEM or name.startswith("ld-linux"):
            target = folder / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copy(path, target)
    loader = Path("/lib64/ld-linux-x86-64.so.2")
    if loader.exists():
        (folder / "lib64").mkdir(exist_ok=True)
        shutil.copy(loader, folder / "lib64")
    os.mknod(folder / "dev/null", 0o20666, os.makedev(1, 3))
    os.mknod(folder / "dev/urandom", 0o20666, os.makedev(1, 9))
    return folder


@contextmanager
def running(
    program: Path, *flags: str, root: Path | None = None, variables: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a program until it serves, in a root of its own if one is given.

    Yields its process, and its URL.
    """
    port = free_port()
    command = [str(program), "--listen", f"127.0.0.1:{port}", "--workers", "1", *flags]
    if root is not None:
        shutil.copy(program, root / "program")
        command = ["/usr/sbin/chroot", str(root), "/program", *command[1:]]
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/root", "CADDY_ADMIN": "off"}
    environment |= variables or {}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stderr=log, start_new_session=True)
        try:
            url = f"http://127.0.0.1:{port}"
            until_served(url, process)
            yield process, url
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode())
            raise
        finally:
            process.terminate()
            process.wait(LIMIT)


def until_served(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a program answers."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        assert process.poll() is None, "it ended"
        try:
            httpx.get(url, timeout=LIMIT)
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("it does not serve")


def main() -> None:
    """Build and run a program for each framework, and print what that takes."""
    _tell("| app | size | first start | next start |\n|---|---|---|---|")
    for name, app in APPS.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            write(app, folder / name)
            program = build(name, cwd=folder)
            root = bare_root(folder / "root")
            times = []
            for _ in range(2):
                began = time.monotonic()
                with running(program, root=root) as (_, url):
                    times.append(time.monotonic() - began)
                    assert name in httpx.get(url).text
            size = program.stat().st_size / 1024**2
            _tell(f"| {name} | {size:.0f} MiB | {times[0]:.1f} s | {times[1]:.1f} s |")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
