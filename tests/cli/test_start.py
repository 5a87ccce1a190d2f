"""What `snake adapt` does without, so that it starts quickly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SLOW = ("asyncio", "lark", "importlib.metadata", "ssl", "cryptography", "json")
SMALL = """\
localhost:9080 {
	encode zstd gzip
	handle_path /static/* {
		root static
		file_server
	}
	respond hi
}
"""


@pytest.mark.parametrize("module", SLOW)
def test_a_small_file_is_adapted_without(module: str, tmp_path: Path) -> None:
    """Each of these takes longer to import than the file takes to adapt."""
    (tmp_path / "Caddyfile").write_text(SMALL)
    code = (
        "import sys; from snake.cli.main import main; code = main(['adapt']); "
        f"sys.exit(code or {module!r} in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{")
