"""The JSON that runs: what it is before there is any, and what is the same."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from snake.engine.configuration import canonical
from tests.server import Server, environment, free_port


def test_without_any_a_server_waits_for_its_first(tmp_path: Path) -> None:
    """`snake run` beside no Caddyfile serves nothing; on SIGUSR1 it serves what is there then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "snake", "run"],
        cwd=tmp_path,
        env=environment(tmp_path) | {"CADDY_ADMIN": "off"},
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, free_port(), tmp_path)
    try:
        assert server.wait_for("serving")["workers"] == 0
        (tmp_path / "Caddyfile").write_text(f":{server.port} {{\n\trespond hello\n}}\n")
        server.send(signal.SIGUSR1)
        server.wait_for("reloaded the configuration")
        assert httpx.get(server.url).text == "hello"
    finally:
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"b": 1, "a": [1, 2]}', b'{\n"a":[1,2],"b":1}'),
        (b'{"a":"\\u0041"}', b'{"a":"A"}'),
        (b" null ", b"null"),
    ],
)
def test_json_is_the_same_however_it_is_written(one: bytes, other: bytes) -> None:
    """Order of keys, spaces and escapes make no other configuration."""
    assert canonical(one) == canonical(other)


def test_what_is_no_json_stays_as_it_is() -> None:
    """It is for the one who decodes it to say what is wrong."""
    assert canonical(b"{") == b"{"
