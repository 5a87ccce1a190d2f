"""The configuration of a Caddy that has no admin API: it is read out of its memory.

`caddy respond` and its like show their configuration to nobody. What Caddy runs is in its heap
as JSON, though, and a parent may read the memory of its child.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.caddy import binary

_BEGIN = re.compile(rb'\{"admin":\{"disabled":true')
_LONGEST = 64 << 10
_LARGEST = 256 << 20
"""Bytes of a mapping that is read: the heap's are much smaller."""
_LIMIT = 20.0


def configuration(*args: str, folder: Path) -> Any:
    """Run `caddy <args>`, which has to serve without an admin API; return its configuration."""
    process = subprocess.Popen(
        [binary(), *args],
        cwd=folder,
        env={"PATH": "", "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + _LIMIT
        while time.monotonic() < end and process.poll() is None:
            for found in _documents(process.pid):
                return found
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    raise AssertionError(f"no configuration in caddy {args}")


def _documents(pid: int) -> Iterator[Any]:
    """Yield every whole document in the memory of a process."""
    for data in _mappings(pid):
        for match in _BEGIN.finditer(data):
            text = data[match.start() : match.start() + _LONGEST].decode("utf-8", "replace")
            try:
                document, _ = json.JSONDecoder().raw_decode(text)
            except ValueError:
                continue
            if "apps" in document:
                yield document


def _mappings(pid: int) -> Iterator[bytes]:
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in lines:
            span, rights, *_ = line.split()
            begin, end = (int(number, 16) for number in span.split("-"))
            if rights.startswith("rw") and end - begin < _LARGEST:
                try:
                    memory.seek(begin)
                    yield memory.read(end - begin)
                except OSError:
                    continue
