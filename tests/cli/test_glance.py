"""What a person at a terminal sees of a start."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from snake.cli.glance import glance
from snake.engine.overview import AppView
from tests.server import environment, free_port

EMBEDDED = AppView("main:app", False, "nothing keeps it apart", 2, "3.13.0", "", "/srv/v")  # noqa: FBT003
POOLED = AppView("old:app", True, "its venv has msgspec 0.18.6", 1, "3.12.1", "/srv/old", "")  # noqa: FBT003


def test_all_at_one_glance() -> None:
    """Where it listens, each app with its processes, Python and venv, and how it is stopped."""
    text = glance(["http://127.0.0.1:9080", "https://a.com", "unix//run/a"], [EMBEDDED, POOLED], 2)

    assert text.splitlines()[1:] == [
        "",
        "  http://127.0.0.1:9080",
        "  https://a.com",
        "  unix//run/a",
        "",
        "  main:app",
        "    2 workers, Python 3.13.0, venv /srv/v",
        "  old:app",
        "    1 process of its own, Python 3.12.1, in /srv/old",
        "    because: its venv has msgspec 0.18.6",
        "",
        "Ctrl-C stops it.",
    ]


def test_without_an_app() -> None:
    """A server without Python apps tells how many workers it has."""
    assert (
        glance(["http://localhost:8080"], [], 2).splitlines()[0].endswith(" serves with 2 workers")
    )
    assert "has no site" in glance([], [], 1)


def test_narrow_terminal() -> None:
    """Lines are wrapped at words; many addresses are counted."""
    text = glance([f"http://127.0.0.1:{n}" for n in range(100, 120)], [POOLED], 1, width=40)

    assert max(map(len, text.splitlines())) <= 40
    assert "  and 12 more addresses" in text.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["python-server", "run"])
def test_terminal_gets_the_glance_and_no_records(tmp_path: Path, command: str) -> None:
    """On a terminal both commands show the glance, and what is waited for before."""
    (tmp_path / "main.py").write_text(
        "import time\ntime.sleep(1)\ndef app(environ, start_response): ...\n"
    )
    port = free_port()
    (tmp_path / "Caddyfile").write_text(
        f"{{\n\tadmin off\n}}\n"
        f"http://127.0.0.1:{port} {{\n\tbind 127.0.0.1\n\tpython main:app\n}}\n"
    )
    flags = ["-l", f"127.0.0.1:{port}"] if command == "python-server" else []
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "snake", command, *flags],
        cwd=tmp_path,
        env=environment(tmp_path) | {"TERM": "xterm"},
        stderr=theirs,
    )
    os.close(theirs)
    text = ""
    try:
        while "Ctrl-C" not in text:
            text += os.read(ours, 4096).decode()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        os.close(ours)
    plain = re.sub(r"\x1b\[[0-9]*[mK]", "", text)

    assert f"  http://127.0.0.1:{port}\r\n" in plain
    assert re.search(r"starting main:app \d\.\d s\r", plain)
    assert re.search(r"  main:app\r\n    \d+ workers?, Python 3", plain)
    assert '"msg"' not in plain
    assert "app runs" not in plain
