"""Failure: what an app did wrong, told without the frames of the server around it."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

from snake.transport.asgi import ClientDisconnectedError

ExcInfo = tuple[type[BaseException], BaseException, TracebackType]

_OURS = str(Path(__file__).parent.parent)
_DISCONNECTS = ("ClientDisconnect", "WebSocketDisconnect")
_IMPORT = ("<frozen importlib", "importlib/__init__.py")


class FailedError(Exception):
    """An app failed with a request: how, and whether its response had started."""

    def __init__(self, error: BaseException, *, started: bool = False) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.error = error
        self.started = started


def app_traceback(error: BaseException) -> TracebackType | None:
    """Return the part of a traceback that begins in the app's own code."""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith((_OURS, _IMPORT[0])) and not file.endswith(_IMPORT[1]):
            break
        trace = trace.tb_next
    return trace


def place(error: BaseException) -> str:
    """Return where in the code an error was raised, as `function (file:line)`.

    The last place outside of snake, if there is one: an app that gives snake
    something wrong is told where it did so.
    """
    found = outside = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        found = frame.f_code, line
        if not frame.f_code.co_filename.startswith(_OURS):
            outside = found
    if (last := outside or found) is None:
        return ""
    code, line = last
    return f"{code.co_qualname} ({code.co_filename.rpartition('/')[2]}:{line})"


def describe(error: BaseException) -> str:
    """Return the traceback as Python prints it, less the frames around the app."""
    trace = app_traceback(error)
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


def excerpt(error: BaseException) -> ExcInfo | None:
    """Return what a log record is to show of an error: nothing when no code of the app is in it."""
    trace = app_traceback(error)
    return None if trace is None else (type(error), error, trace)


def is_disconnect(error: BaseException | None) -> bool:
    """Whether an error is, or was raised because, the client went away.

    Frameworks have errors of their own for it, which apps mostly let pass:
    Starlette and FastAPI `ClientDisconnect` and `WebSocketDisconnect`, Litestar
    the latter. They are known by their names: no framework is imported here.
    """
    while error is not None:
        if isinstance(error, ClientDisconnectedError) or type(error).__name__ in _DISCONNECTS:
            return True
        error = error.__cause__ or error.__context__
    return False
