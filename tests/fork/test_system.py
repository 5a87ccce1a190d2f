"""What processes ask of the operating system."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.server import ROOT

PROGRAM = """
import os
from snake.fork.system import keep_capabilities

keep_capabilities()
print(open("/proc/self/status").read().partition("CapAmb:")[2].split()[0], flush=True)
os.execvp("grep", ["grep", "CapAmb", "/proc/self/status"])
"""


@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("setpriv"), reason="capabilities are root's to give"
)
def test_programs_inherit_no_capability() -> None:
    """What is ambient, as for a service that may bind port 80, is not passed on."""
    rights = ["--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"]
    before = subprocess.run(
        ["setpriv", *rights, "grep", "CapAmb", "/proc/self/status"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(before.stdout.split()[1], 16)
    told = subprocess.run(
        ["setpriv", *rights, sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert int(told.stdout.split()[-1], 16) == 0
