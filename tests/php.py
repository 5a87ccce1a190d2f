"""A real php-fpm, for tests of what is asked of FastCGI servers.

Debian has it as the package `php-fpm`; tests that need it are skipped where there is none.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_CONFIG = """\
[global]
error_log = {folder}/php-fpm.log
daemonize = no
log_limit = 8192

[www]
listen = {address}
pm = static
pm.max_children = {children}
catch_workers_output = no
clear_env = yes
security.limit_extensions =
php_admin_flag[log_errors] = on
php_admin_flag[display_errors] = off
php_admin_value[output_buffering] = 0
{user}
"""
_AS_ROOT = "user = root\ngroup = root"
_START_LIMIT = 20.0


@cache
def binary() -> str | None:
    """Return the path of php-fpm, whose name has its version in Debian; `None` if there is none."""
    names = ["php-fpm"]
    for folder in (*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", "/usr/local/sbin"):
        names += sorted(map(str, Path(folder or ".").glob("php-fpm[0-9]*")), reverse=True)
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def php_fpm(folder: Path, address: str, children: int = 4) -> Iterator[str]:
    """Run php-fpm, and give its address back: `host:port`, or the path of a socket."""
    program = binary()
    assert program is not None, "php-fpm is not installed"
    config = folder / "php-fpm.conf"
    as_root = os.geteuid() == 0
    config.write_text(
        _CONFIG.format(
            folder=folder, address=address, children=children, user=_AS_ROOT if as_root else ""
        )
    )
    process = subprocess.Popen(
        [program, "-n", "--nodaemonize", "--fpm-config", str(config), *(["-R"] if as_root else [])],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + _START_LIMIT
        while not _listens(address):
            assert process.poll() is None, (folder / "php-fpm.log").read_text()
            assert time.monotonic() < end, "php-fpm does not answer"
            time.sleep(0.01)
        yield address
    finally:
        process.terminate()
        process.wait()


def _listens(address: str) -> bool:
    if address.startswith("/"):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(address) == 0
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
