"""Whether a test may mount something, in a namespace of its own."""

from __future__ import annotations

import shutil
import subprocess

import pytest

_MOUNT = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
_MAY = (
    shutil.which("unshare") is not None
    and subprocess.run(_MOUNT, capture_output=True, check=False).returncode == 0
)

needs_mounts = pytest.mark.skipif(not _MAY, reason="this user can mount nothing")
