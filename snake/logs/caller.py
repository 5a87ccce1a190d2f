"""The caller: which line of code has logged, and how it came there."""

from __future__ import annotations

import sys
import traceback
from types import FrameType

_OURS = ("logging", "snake.logs")
"""Packages that bring a record to its log."""


def caller(skip: int) -> str:
    """Return the place as `folder/file.py:12`; with `skip`, of so many calls before."""
    frame = _frame()
    for _ in range(skip):
        frame = frame and frame.f_back
    if frame is None:
        return "undefined"
    path = frame.f_code.co_filename.replace("\\", "/")
    return f"{'/'.join(path.split('/')[-2:])}:{frame.f_lineno}"


def stack() -> str:
    """Return the calls that led to it, the last one at the end."""
    return "".join(traceback.format_stack(_frame()))


def _frame() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  (there is no other way)
    while frame is not None and f"{frame.f_globals.get('__name__', '')}.".startswith(
        tuple(f"{name}." for name in _OURS)
    ):
        frame = frame.f_back
    return frame
