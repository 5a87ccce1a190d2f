"""`/debug/vars` and `/debug/pprof/`: what Go tells of a process, as far as Python can.

Stacks are told in words. Profiles of Go's kind there are none: a sampling profiler takes them from
outside, of every process.
"""

from __future__ import annotations

import gc
import resource
import sys
import threading
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from snake.admin.answer import JSON, METHOD_NOT_ALLOWED, Answer, APIError, as_json, as_text
from snake.admin.endpoint import Endpoint
from snake.admin.request import Request

_STACKS = ("goroutine", "threadcreate")
_NONE = ("allocs", "block", "heap", "mutex", "profile", "symbol", "trace")
_INDEX = """\
/debug/pprof/

goroutine     where every thread of every process is
cmdline       the command line of the supervisor

snake is no Go program, so these are not there: {}.
A profile of any of its processes is taken with a sampling profiler, such as py-spy.
"""


def endpoints(stacks: Callable[[], Awaitable[str]]) -> tuple[Endpoint, ...]:
    """Return the endpoints for who looks for a fault; `stacks` tells where all threads are."""

    async def pprof(request: Request) -> Answer:
        if request.method not in ("GET", "HEAD"):
            raise METHOD_NOT_ALLOWED
        name = request.path.removeprefix("/debug/pprof/")
        if not name:
            return as_text(_INDEX.format(", ".join(_NONE)))
        if name == "cmdline":
            return as_text("\0".join(sys.orig_argv))
        if name in _STACKS:
            return as_text(await stacks())
        if name in _NONE:
            message = f"there is no {name} of a Python program; take a profile with py-spy"
            raise APIError(HTTPStatus.NOT_IMPLEMENTED, message)
        raise APIError(HTTPStatus.NOT_FOUND, f"unknown profile: {name}")

    return Endpoint("/debug/pprof/", pprof), Endpoint("/debug/vars", _vars)


async def _vars(request: Request) -> Answer:
    """Answer with numbers of the supervisor, in the form of Go's `expvar`."""
    if request.method not in ("GET", "HEAD"):
        raise METHOD_NOT_ALLOWED
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer = as_json({
        "cmdline": sys.orig_argv,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "gc": gc.get_stats(),
        "maximum_resident_kilobytes": used.ru_maxrss,
        "threads": threading.active_count(),
    })  # fmt: skip
    fields = [("Content-Type", f"{value}; charset=utf-8") for _, value in JSON]
    return Answer(answer.status, tuple(fields), answer.body)
