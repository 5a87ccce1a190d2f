"""Stack: where in an app's code a thread is now."""

from __future__ import annotations

import asyncio
import faulthandler
import signal
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

_OURS = (str(Path(__file__).parent.parent), str(Path(asyncio.__file__).parent))
_ABOVE = ("<frozen runpy>", "<string>", "runpy.py", "threading.py")
_DEBUGGERS = frozenset({"pdb", "bdb", "ipdb", "pudb", "pydevd", "_pydevd_bundle", "debugpy"})


def app_frames(frame: FrameType | None) -> list[tuple[FrameType, int]]:
    """Return the frames from the first that is an app's on, outermost first, with their lines."""
    frames = list(traceback.walk_stack(frame))[::-1] if frame is not None else []
    for at, (each, _) in enumerate(frames):
        if not is_ours(each.f_code.co_filename):
            return frames[at:]
    return []


def awaiting(task: asyncio.Task[Any]) -> list[tuple[FrameType, int]]:
    """Return the frames of an app in which a task waits, outermost first."""
    frames: list[tuple[FrameType, int]] = []
    step: Any = task.get_coro()
    while step is not None:
        frame = getattr(step, "cr_frame", None) or getattr(step, "gi_frame", None)
        if frame is not None and (frames or not is_ours(frame.f_code.co_filename)):
            frames.append((frame, frame.f_lineno))
        step = getattr(step, "cr_await", None) or getattr(step, "gi_yieldfrom", None)
    return frames


def is_ours(file: str) -> bool:
    """Whether a file is of snake, or of what it runs an app with."""
    return file.startswith(_OURS) or file.endswith(_ABOVE)


def dump_into(file: int) -> None:
    """Write into a file, whenever SIGURG comes, where all threads are, even those held up in C."""
    # The default of that signal is to be ignored, so that an app that takes this away harms nobody.
    faulthandler.register(signal.SIGURG, file)


def written(frames: list[tuple[FrameType, int]]) -> str:
    """Return frames as a traceback shows them."""
    return "".join(traceback.StackSummary.extract(iter(frames)).format()).rstrip()


def place(frames: list[tuple[FrameType, int]]) -> str:
    """Return the innermost place, as `function (file:line)`; nothing without frames."""
    own = [each for each in frames if not is_ours(each[0].f_code.co_filename)]
    if not own:
        return ""
    code, line = own[-1][0].f_code, own[-1][1]
    return f"{code.co_qualname} ({code.co_filename.rpartition('/')[2]}:{line})"


def is_debugged(frame: FrameType | None) -> bool:
    """Whether a thread stands in a debugger, and waits for whoever uses it."""
    while frame is not None:
        if str(frame.f_globals.get("__name__")).partition(".")[0] in _DEBUGGERS:
            return True
        frame = frame.f_back
    return False
