"""The files of a scenario: what is in them, and everything else that servers can tell of them.

A value is the text of a file, or a table with one of

| key | what is made |
|---|---|
| `text` | a file with this text |
| `gzip`, `zstd` | a file with this text, compressed |
| `size` | a file of so many bytes |
| `link` | a symbolic link to this path |
| `fifo` | a named pipe |

and if need be `modified`, its time in nanoseconds since 1970. A name that ends in a slash is a
folder.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zstandard

MODIFIED = 1_577_934_245_678_000_000
"""When all of them were changed: Thu, 02 Jan 2020 03:04:05 GMT."""


def write(folder: Path, files: Mapping[str, Any]) -> None:
    """Make files below a folder."""
    for name, given in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            _make(path, given if isinstance(given, dict) else {"text": given})
    for name, given in files.items():
        time = given.get("modified", MODIFIED) if isinstance(given, dict) else MODIFIED
        os.utime(folder / name, ns=(time, time), follow_symlinks=False)
    for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        if not path.is_symlink():
            os.utime(path, ns=(MODIFIED, MODIFIED))


def _make(path: Path, given: Mapping[str, Any]) -> None:
    match given:
        case {"text": str() as text}:
            path.write_text(text)
        case {"gzip": str() as text}:
            path.write_bytes(gzip.compress(text.encode(), mtime=0))
        case {"zstd": str() as text}:
            path.write_bytes(zstandard.compress(text.encode()))
        case {"size": int() as size}:
            path.write_bytes((b"0123456789abcdef" * (size // 16 + 1))[:size])
        case {"link": str() as target}:
            path.symlink_to(target)
        case {"fifo": True}:
            os.mkfifo(path)
        case _:
            raise AssertionError(f"{path.name}: {given}")
