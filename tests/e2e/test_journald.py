"""Logs that systemd's journal reads: a real journald, in a file system of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT, environment

JOURNALD = Path("/usr/lib/systemd/systemd-journald")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or not JOURNALD.exists() or shutil.which("journalctl") is None,
        reason="needs systemd-journald, and root to start another one",
    ),
]

SCRIPT = f"""
mount -t tmpfs tmpfs /run || exit 77
mkdir -p /run/systemd/journal /run/log/journal
{JOURNALD} >/dev/null 2>&1 &
journal=$!
for _ in $(seq 100); do [ -S /run/systemd/journal/stdout ] && break; sleep 0.05; done
"$PYTHON" -c '
import os, socket, subprocess, sys
journal = socket.socket(socket.AF_UNIX)
journal.connect("/run/systemd/journal/stdout")
journal.sendall(b"snake\\n\\n6\\n1\\n0\\n0\\n0\\n")
subprocess.run([sys.executable, "-c", os.environ["LOGGING"]], stderr=journal)
'
journalctl --sync
journalctl -t snake -o json --no-pager
kill $journal
"""

LOGGING = """
import asyncio, logging, msgspec
from contextlib import AsyncExitStack
from snake.config.logging import Logging
from snake.core.modules import Context, Registry
from snake.logs.app import open_logs
from snake.standard import MODULES

async def main():
    text = b'{"logs":{"default":{"encoder":{"format":"journald"}}}}'
    config = msgspec.json.decode(text, type=Logging)
    async with AsyncExitStack() as stack:
        await open_logs(Context(Registry(MODULES), stack), config)
        for level in (logging.WARNING, logging.ERROR, logging.INFO):
            logging.getLogger("snake.http").log(level, "at %d", level)

asyncio.run(main())
"""


def test_the_journal_knows_the_priority_of_each_record(tmp_path: Path) -> None:
    """And keeps the JSON behind it."""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", SCRIPT],
        cwd=tmp_path,
        env=environment(tmp_path)
        | {"PYTHON": sys.executable, "PYTHONPATH": str(ROOT), "LOGGING": LOGGING},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip("cannot mount")
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    records = [
        (entry["PRIORITY"], json.loads(entry["MESSAGE"])["msg"])
        for entry in entries
        if '"logger":"http"' in str(entry["MESSAGE"])
    ]
    assert records == [("4", "at 30"), ("3", "at 40"), ("6", "at 20")]
