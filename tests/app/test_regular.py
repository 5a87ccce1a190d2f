"""Reading files in folders that others can write to."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from snake.app.regular import OutsideError, read_regular


def test_a_file_is_read(tmp_path: Path) -> None:
    """Its bytes are what comes back."""
    (tmp_path / "a").write_bytes(b"a")

    assert read_regular(tmp_path / "a", tmp_path.resolve()) == b"a"


def test_what_keeps_a_reader_busy_is_refused(tmp_path: Path) -> None:
    """A pipe without a writer, a device without an end and a folder are told at once."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(OSError, match=r"no file but a pipe or a device|Is a directory"):
            read_regular(path)


def test_a_link_that_is_put_in_place_while_we_look_leads_nowhere(tmp_path: Path) -> None:
    """Whoever swaps a folder for a link, over and over, never gets what is outside."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder, text in ((inside / "real", b"own"), (outside, b"secret")):
        folder.mkdir(parents=True)
        (folder / "env").write_bytes(text)
    done = threading.Event()

    def swap() -> None:
        (inside / "other").symlink_to(outside)
        while not done.is_set():
            for name in ("real", "other"):
                (inside / "link").unlink(missing_ok=True)
                (inside / "link").symlink_to(name)

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        for _ in range(3000):
            try:
                seen.add(read_regular(inside / "link" / "env", inside.resolve()))
            except OutsideError:
                seen.add(b"refused")
            except FileNotFoundError:
                continue
    finally:
        done.set()
        thread.join()

    assert seen
    assert seen <= {b"own", b"refused"}
