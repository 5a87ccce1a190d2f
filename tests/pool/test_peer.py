"""Who may ask a process of a pool."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from snake.pool.peer import is_allowed
from tests.isolation.confining import SYSTEM_PYTHON, UID, needs_python, needs_root

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "SO_PEERCRED"), reason="this system does not tell who connects"
)


@contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """Listen on a Unix socket that everybody may connect to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = f"{folder}/0.sock"
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(path)
            Path(path).chmod(0o777)
            sock.listen()
            yield sock, path


def test_the_server_and_root_may_ask() -> None:
    """A connection of the server's own user is let in, and one of root; others are not."""
    with listening() as (sock, path), socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        connection, _ = sock.accept()
        with connection:
            assert is_allowed(connection, os.getuid())
            assert is_allowed(connection, os.getuid() + 1) is (os.getuid() == 0)


@needs_root
@needs_python
def test_another_user_may_not_ask() -> None:
    """Where the folder does not keep somebody out, who it is still does."""
    code = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(1)"
    )
    with listening() as (sock, path):
        client = subprocess.Popen([SYSTEM_PYTHON, "-c", code, path], user=UID, group=UID)
        connection, _ = sock.accept()
        with connection:
            assert not is_allowed(connection, os.getuid())
            assert is_allowed(connection, UID)
        assert client.wait(10) == 0
