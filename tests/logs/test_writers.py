"""Writers to standard streams: pipes that several processes share, and pipes that are full."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter

import pytest

from snake.logs.writers import Stream

WRITES = """
import sys
from snake.logs.writers import Stream
out = Stream(1, "stdout")
for number in range(200):
    out.write(b"".join(sys.argv[1].encode() * 3000 + b"%d\\n" % each for each in range(3)))
"""


def test_lines_of_several_processes_do_not_mix_in_a_pipe() -> None:
    """Not even those that are longer than what a pipe takes at once."""
    reading, writing = os.pipe()
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITES, name], stdout=writing) for name in "abcd"
    ]
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        lines = Counter(pipe.read().splitlines())
    assert [writer.wait() for writer in writers] == [0] * 4
    assert lines == {
        f"{name * 3000}{number}".encode(): 200 for name in "abcd" for number in range(3)
    }


def test_a_full_pipe_that_does_not_wait() -> None:
    """One that was opened so is waited for; no part of a line is lost while somebody reads."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    found: list[bytes] = []

    def read() -> None:
        with os.fdopen(reading, "rb") as pipe:
            found.append(pipe.read())

    reader = threading.Thread(target=read)
    reader.start()
    Stream(writing, "a pipe").write(b"x" * 1_000_000 + b"\n")
    os.close(writing)
    reader.join()
    assert len(found[0]) == 1_000_001


def test_a_pipe_that_nobody_reads(capfd: pytest.CaptureFixture[str]) -> None:
    """Lines are lost, nothing else; that is said once."""
    reading, writing = os.pipe()
    os.close(reading)
    out = Stream(writing, "the pipe")
    out.write(b"1\n")
    out.write(b"2\n")
    os.close(writing)
    said = capfd.readouterr().err
    assert said.count("cannot write to the pipe; lines are lost") == 1
    assert "Broken pipe" in said
