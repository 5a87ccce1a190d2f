"""One of several processes that write to a log file: `python -m tests.logs.writing`.

Arguments: the file, the name of this writer, how many lines, and the size at which to roll.
It says on stdout what it has begun to write, so that who kills it knows what must be there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from snake.logs.backups import Backups
from snake.logs.shared_file import Place, SharedFile

BATCH = 5
"""Lines that go out in one write."""


def line(name: str, number: int) -> bytes:
    """Return one line; its length depends on its number."""
    return f"{name} {number} {'x' * (number % 97)}.\n".encode()


def main(path: Path, name: str, count: int, largest: int) -> None:
    """Write the lines."""
    file = SharedFile(Place(path, 0o600, 0o700), largest, Backups(path))
    for start in range(0, count, BATCH):
        file.write(b"".join(line(name, number) for number in range(start, start + BATCH)))
        if start % 1000 == 0:
            sys.stdout.write(f"{start}\n")
            sys.stdout.flush()
    file.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
