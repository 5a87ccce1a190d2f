"""PHP by a real php-fpm, as its users have it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import httpx
import pytest

from tests import php
from tests.server import Server, running

pytestmark = pytest.mark.skipif(php.binary() is None, reason="php-fpm is not installed")

SCRIPTS = {
    "slow.php": "<?php echo 'first'; flush(); usleep(500000); echo 'second';",
    "warn.php": "<?php error_log('a warning'); echo 'ok';",
    "die.php": "<?php echo str_repeat('x', 20000); flush(); exec('kill -9 ' . getmypid());",
    "sleep.php": "<?php sleep(3); echo 'late';",
    "upload.php": "<?php echo md5(file_get_contents('php://input')), $_SERVER['CONTENT_LENGTH'];",
    "pid.php": "<?php echo getmypid();",
    "endless.php": "<?php while (true) { echo str_repeat('x', 100000); flush(); }",
}
SITE = """
{
    admin off
    auto_https off
}
http://:PORT {
    root www
    php_fastcgi unix//SOCKET {
        capture_stderr
        read_timeout 2s
    }
}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run php-fpm on a Unix socket, and snake before it."""
    folder = tmp_path_factory.mktemp("php")
    (folder / "www").mkdir()
    for name, script in SCRIPTS.items():
        (folder / "www" / name).write_text(script)
    sock = str(folder / "php.sock")
    with php.php_fpm(folder, sock), running(SITE.replace("/SOCKET", sock), folder) as server:
        yield server


def test_response_streams(server: Server) -> None:
    """What a script flushes is at the client while the script goes on."""
    with httpx.stream("GET", f"{server.url}/slow.php") as response:
        pieces = response.iter_bytes()
        assert next(pieces) == b"first"
        start = time.monotonic()
        assert b"".join(pieces) == b"second"
        assert time.monotonic() - start > 0.2


def test_stderr_is_logged(server: Server) -> None:
    """With `capture_stderr` what a script complains of is in snake's log."""
    assert httpx.get(f"{server.url}/warn.php").text == "ok"
    record = server.wait_for("stderr")
    assert record["level"] == "warn"
    assert "a warning" in record["body"]


def test_script_that_dies(server: Server) -> None:
    """A response that breaks off does not look complete, and the next request is served."""
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server.url}/die.php")
    assert httpx.get(f"{server.url}/pid.php").status_code == 200


def test_timeout(server: Server) -> None:
    """A script that takes too long is a 504."""
    start = time.monotonic()
    assert httpx.get(f"{server.url}/sleep.php").status_code == 504
    assert time.monotonic() - start < 2.9


def test_upload(server: Server) -> None:
    """A body of some megabytes arrives as it was sent."""
    body = b"0123456789" * 300_000
    response = httpx.post(f"{server.url}/upload.php", content=body)
    assert response.text == f"{md5(body).hexdigest()}3000000"


def test_client_that_leaves_frees_the_script(server: Server) -> None:
    """The script of a client that went away ends: its process is free for others."""
    for _ in range(8):  # twice as many as there are processes
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET /endless.php HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert httpx.get(f"{server.url}/pid.php", timeout=10).status_code == 200


def test_slow_client_holds_the_script(server: Server) -> None:
    """A client that takes nothing stops the script, and costs no memory."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.sendall(b"GET /endless.php HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        before = _memory(server)
        time.sleep(1)
        assert _memory(server) - before < 20_000_000


def _memory(server: Server) -> int:
    """Return the bytes that the workers hold."""
    pages = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in server.workers())
    return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")
