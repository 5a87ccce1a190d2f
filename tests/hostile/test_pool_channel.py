"""An app in a pool has the channel to the supervisor open: whatever it says there, others go on."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server import Server, running

APP = """
import os, socket, stat, time

def channels():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                sock = socket.socket(fileno=os.dup(int(name)))
                if sock.family == socket.AF_UNIX and sock.getsockname() == "" == sock.getpeername():
                    found.append(sock)
        except OSError:
            pass
    return found

def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    for sock in channels() if body else ():
        sock.settimeout(2)
        try:
            sock.sendall(body * int(environ["HTTP_X_TIMES"]))
        except OSError:
            pass
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""
PYTHON = """
    python {
        module_wsgi main:app
        working_dir NAME
        python_path ./another-python
        workers 1
    }
"""
CADDYFILE = """
{
    admin off
    auto_https off
}
http://:PORT {
    handle /good* {
        GOOD
    }
    handle {
        EVIL
    }
}
"""


def message(*parts: object) -> bytes:
    """Return a message of the channel."""
    body = json.dumps(parts).encode()
    return len(body).to_bytes(4, "big") + body


SAID = {
    "rubbish": (b"\xff" * 1000, 1),
    "zeros": (bytes(1000), 1),
    "no JSON": (b"\0\0\0\5hello", 1),
    "no message": (b"\0\0\0\2{}", 1),
    "deep JSON": ((100_000).to_bytes(4, "big") + b"[" * 100_000, 1),
    "huge": (b"\x7f\xff\xff\xff" + bytes(1000), 1000),
    "half": (b"\0\1", 1),
    "a fork that nobody asked for": (message("Forked", 1, 1, ""), 1),
    "an end of another": (message("Exited", 1, 0), 10),
    "ready again": (message("Ready"), 10_000),
    "failed": (message("Failed", "no\nreason", "apps/http"), 1),
    "orders": (message("Drain") + message("Fork", 7) + message("Provision", "{}", 1, ""), 1),
    "notes": (message("Note", 10**30, "forged\n" * 100, '{"level": "x", "msg": {}}'), 100),
    "notes with fields that are none": (message("Note", 20, "x", "[" * 1000), 10),
    "names and numbers swapped": (message("Note", "x", 5, None), 1),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two apps, each in a pool of its own."""
    folder = tmp_path_factory.mktemp("channel")
    (folder / "another-python").symlink_to(Path(sys.executable).resolve())
    config = CADDYFILE
    for name in ("GOOD", "EVIL"):
        (folder / name).mkdir()
        (folder / name / "main.py").write_text(APP)
        config = config.replace(name, PYTHON.replace("NAME", name), 1)
    with running(config, folder) as started:
        yield started


@pytest.mark.parametrize(("said", "times"), SAID.values(), ids=SAID)
def test_what_an_app_says_hurts_nobody(server: Server, said: bytes, times: int) -> None:
    """The other app is the process that it was, and the evil one answers again."""
    with httpx.Client(timeout=20) as client:
        good = client.get(f"{server.url}/good").text
        client.post(server.url, content=said, headers={"x-times": str(times)})
        time.sleep(0.1)
        assert client.get(f"{server.url}/good").text == good
        for _ in range(50):
            if (answer := client.get(server.url)).status_code == 200:
                break
            time.sleep(0.1)
        assert answer.status_code == 200
    assert server.process.poll() is None
    assert "Traceback" not in server.log
