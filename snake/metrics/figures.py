"""Figures: numbers that each worker counts for itself, and any worker can add up.

Each worker has a file without a name, in memory where the system has such files, and
maps it: to count is to add to a number in memory, which takes no lock and is there for
the others even if the worker is killed at once. The supervisor makes the
files and hands all of them to every worker, so nothing is left behind by processes that
die. A worker goes on with the file of one that is gone (`metrics.ledger`).

A file consists of segments, and these of records: sizes, the key (JSON), the numbers
(float64, native order). A segment begins with how much of it is used.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

SEGMENT = 65_536
MOST_SEGMENTS = 512
"""Segments of one file: some 70,000 series. What does not fit is counted for nobody."""
_USED = struct.Struct("=QQ")
"""At the start of a segment: bytes that are used, and the process that writes."""
_SIZES = struct.Struct("=HHI")
"""Before each record: numbers that are gauges, all numbers, bytes of the key."""
_FLOAT = 8

Key = tuple[str | None, ...]
"""Which figures these are: a kind, and labels."""
LATEST = "latest"
"""The kind whose numbers are moments: the latest of all workers counts, and not the sum."""


def new_file() -> int:
    """Return the descriptor of a new file without a name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("snake-figures", os.MFD_CLOEXEC)
    import tempfile  # noqa: PLC0415  (only where the system has no better)

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Figures:
    """The figures of this worker, and those of all."""

    def __init__(
        self,
        files: Sequence[int] = (),
        own: int = 0,
        before: Sequence[int] = (),
        *,
        leads: bool | None = None,
    ) -> None:
        """Take over the files of all workers; `own` is which of them is this one's.

        Those of workers of another configuration, `before`, count only in the `total`. Without
        any, there is only this process.
        """
        self.leads = own == 0 if leads is None else leads
        """Whether this worker is the one that does what one worker does for all."""
        self.upstreams: dict[str, Callable[[], bool]] = {}
        """The upstreams in the config, and what tells whether one is healthy."""
        self._files = list(files) or [new_file()]
        self._before = list(before)
        self._own = self._files[own]
        self._series: dict[Key, memoryview[float]] = {}
        self._segments: list[mmap.mmap] = []
        self._foreign: dict[tuple[int, int], mmap.mmap] = {}
        for _ in range(os.fstat(self._own).st_size // SEGMENT):
            self._take_over(self._map())
        if not self._segments:
            self._grow()
        self._nowhere = memoryview(bytearray(_FLOAT * 4096)).cast("d")

    def series(self, key: Key, size: int, gauges: int = 0) -> memoryview[float]:
        """Return so many numbers of this worker, which count from now on.

        The first `gauges` of them are what is at the moment: a new worker begins at 0.
        """
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = self._add(key, size, gauges)
        return found

    def total(self) -> dict[Key, list[float]]:
        """Return all figures, added up over the workers, those of before as well."""
        return total((*self._files, *self._before))

    def others(self) -> list[int]:
        """Return the files of the other workers of this configuration."""
        return [file for file in self._files if file != self._own]

    def find(self, file: int, key: Key) -> memoryview[float] | None:
        """Return the numbers of this key in the file of another worker, as they go on to change.

        `None` when it has none yet.
        """
        for start in range(0, os.fstat(file).st_size, SEGMENT):
            segment = self._read_only(file, start)
            used, _ = _USED.unpack_from(segment)
            for known, _, at, count in _records(segment, used):
                if known == key:
                    return memoryview(segment)[at : at + count * _FLOAT].cast("d")
        return None

    def _read_only(self, file: int, start: int) -> mmap.mmap:
        segment = self._foreign.get((file, start))
        if segment is None:
            segment = mmap.mmap(file, SEGMENT, access=mmap.ACCESS_READ, offset=start)
            self._foreign[file, start] = segment
        return segment

    def processes(self) -> list[int]:
        """Return the processes that count now, one for each file that is in use."""
        return processes((*self._files, *self._before))

    def __del__(self) -> None:
        for file in (*self._files, *self._before):
            os.close(file)

    def _map(self) -> mmap.mmap:
        segment = mmap.mmap(self._own, SEGMENT, offset=len(self._segments) * SEGMENT)
        self._segments.append(segment)
        return segment

    def _take_over(self, segment: mmap.mmap) -> None:
        used, _ = _USED.unpack_from(segment)
        _USED.pack_into(segment, 0, used, os.getpid())
        for key, gauges, start, count in _records(segment, used):
            numbers = memoryview(segment)[start : start + count * _FLOAT].cast("d")
            for index in range(gauges):
                numbers[index] = 0.0
            self._series[key] = numbers

    def _add(self, key: Key, size: int, gauges: int) -> memoryview[float]:
        name = msgspec.json.encode(key)
        name += b" " * (-len(name) % _FLOAT)
        needed = _SIZES.size + len(name) + size * _FLOAT
        segment = self._with_space(needed)
        if segment is None:
            return self._nowhere[:size]
        used, process = _USED.unpack_from(segment)
        _SIZES.pack_into(segment, used, gauges, size, len(name))
        start = used + _SIZES.size + len(name)
        segment[used + _SIZES.size : start] = name
        # Last, so that whoever reads meanwhile finds the record whole.
        _USED.pack_into(segment, 0, used + needed, process)
        return memoryview(segment)[start : start + size * _FLOAT].cast("d")

    def _with_space(self, needed: int) -> mmap.mmap | None:
        used, _ = _USED.unpack_from(self._segments[-1])
        if used + needed <= SEGMENT:
            return self._segments[-1]
        if len(self._segments) == MOST_SEGMENTS or needed + _USED.size > SEGMENT:
            return None
        return self._grow()

    def _grow(self) -> mmap.mmap:
        os.ftruncate(self._own, (len(self._segments) + 1) * SEGMENT)
        segment = self._map()
        _USED.pack_into(segment, 0, _USED.size, os.getpid())
        return segment


def total(files: Iterable[int]) -> dict[Key, list[float]]:
    """Return the figures in some files, added up.

    Of a key whose numbers are not as many everywhere, the first file tells.
    """
    totals: dict[Key, list[float]] = {}
    for file in files:
        for key, numbers in _read(file):
            known = totals.get(key)
            if known is None:
                totals[key] = list(numbers)
            elif len(known) == len(numbers):
                join: Callable[[Iterable[float]], float] = max if key[0] == LATEST else sum
                totals[key] = [join(pair) for pair in zip(known, numbers, strict=True)]
    return totals


def processes(files: Iterable[int]) -> list[int]:
    """Return the processes that count in some files."""
    heads = [os.pread(file, _USED.size, 0) for file in files]
    pids = [_USED.unpack(head)[1] for head in heads if len(head) == _USED.size]
    return sorted({pid for pid in pids if pid})


def leave(file: int) -> None:
    """Have a file be nobody's, whose process is gone: what was only of the moment is 0."""
    for start in range(0, os.fstat(file).st_size, SEGMENT):
        with mmap.mmap(file, SEGMENT, offset=start) as segment:
            used, _ = _USED.unpack_from(segment)
            _USED.pack_into(segment, 0, used, 0)
            for _, gauges, at, _ in _records(segment, used):
                segment[at : at + gauges * _FLOAT] = bytes(gauges * _FLOAT)


def is_worn(file: int) -> bool:
    """Whether a file is half full, maybe of what no configuration has any more."""
    return os.fstat(file).st_size > MOST_SEGMENTS // 2 * SEGMENT


def _read(file: int) -> list[tuple[Key, memoryview[float]]]:
    """Return the figures in a file as they are now."""
    found = []
    for start in range(0, os.fstat(file).st_size, SEGMENT):
        segment = os.pread(file, SEGMENT, start)
        used, _ = _USED.unpack_from(segment)
        for key, _, at, count in _records(segment, used):
            found.append((key, memoryview(segment)[at : at + count * _FLOAT].cast("d")))
    return found


def _records(segment: bytes | mmap.mmap, used: int) -> list[tuple[Key, int, int, int]]:
    """Return key, number of gauges, place and number of the numbers of each record."""
    found: list[tuple[Key, int, int, int]] = []
    at = _USED.size
    while at < used:
        gauges, count, length = _SIZES.unpack_from(segment, at)
        start = at + _SIZES.size + length
        name: Any = msgspec.json.decode(segment[at + _SIZES.size : start])
        found.append((tuple(name), gauges, start, count))
        at = start + count * _FLOAT
    return found
