"""Gate: the last of snake's code before an isolated app's interpreter. It gives up what it holds.

It is a program: `python -I -S gate.py <where>`. Snake's own interpreter runs it, or that of a
container's image, so nothing of the tenant is loaded while it still has privileges: no
`sitecustomize`, no `.pth`, no variable of the app's environment, no interpreter out of
the tenant's folder. It is told what to do on a descriptor (a number), or on a Unix socket (a path),
over which the descriptors come as well; so no secret is on a command line, in the
environment of a process with privileges, or in what a container engine shows.

It says `.` on its report descriptor when it is about to become the app, and then nothing
more, or why it cannot. Only the standard library, and nothing of snake: it is one file.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import signal
import socket
import sys
from typing import Any

_HEAD = 4
_FDS = 16
_NO_NEW_PRIVS = 38
_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219}
_JOIN_SESSION_KEYRING = 1
_CAPBSET_DROP = 24
_LAST_CAPABILITY = 63
_EXPENDABLE = "500"
"""The app dies before the server does when memory runs out (`oom_score_adj`, proc(5))."""


def main(where: str) -> None:
    """Become the app. Ends with 126 when that is not possible."""
    brought: list[int] = []
    if where.isdigit():
        settings = _told(int(where))
    else:
        settings, brought = _brought(where)
    report = _place(settings, brought)
    try:
        _give_up(settings)
        os.write(report, b".")
        argv = settings["argv"]
        os.execvpe(argv[0], argv, _environment(settings))  # noqa: S606  (it is what it is for)
    except (OSError, ValueError, KeyError) as error:
        os.write(report, str(error).encode())
        os._exit(126)


def _told(fd: int) -> dict[str, Any]:
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        return json.load(file)  # type: ignore[no-any-return]


def _brought(path: str) -> tuple[dict[str, Any], list[int]]:
    """Take settings and descriptors from a Unix socket: a length (4 bytes), then JSON."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.connect(path)
        data, fds, _, _ = socket.recv_fds(sock, _HEAD, _FDS)
        size = int.from_bytes(data, "big")
        text = b""
        while len(text) < size:
            more = sock.recv(size - len(text))
            if not more:
                raise EOFError("the server went away")
            text += more
    return json.loads(text), list(fds)


def _place(settings: dict[str, Any], brought: list[int]) -> int:
    """Put descriptors where the app expects them; return the one to report on.

    Those that were inherited have their numbers already, but for the streams.
    """
    numbers: list[int] = settings["fds"] if brought else []
    above = max([*numbers, *brought, 2]) + 1
    high = [_move(fd, above) for fd in brought]
    for fd, number in zip(high, numbers, strict=bool(brought)):
        os.dup2(fd, number)
    report: int = settings["report"]
    for number in settings["keep"]:
        os.set_inheritable(number, True)  # noqa: FBT003
    if settings["stderr"] is not None:  # until now it was where bubblewrap complains
        os.dup2(settings["stderr"], 2)
        os.close(settings["stderr"])
    os.set_inheritable(report, False)  # noqa: FBT003
    return report


def _move(fd: int, above: int) -> int:
    import fcntl  # noqa: PLC0415  (in a container only)

    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above)
    os.close(fd)
    return moved


def _give_up(settings: dict[str, Any]) -> None:
    """Let go of privileges, in the order in which each step is still allowed."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec keeps that
        signal.signal(number, signal.SIG_DFL)
    os.umask(settings["umask"])
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write(_EXPENDABLE)
    for name, soft, hard in settings["limits"]:
        _limit(getattr(resource, name), soft, hard)
    if settings["control_group"]:
        with contextlib.suppress(OSError), open(settings["control_group"], "w") as file:  # noqa: PTH123
            file.write("0")
    _leave_keys()
    if os.geteuid() == 0:
        _drop_capabilities()
    if settings["group"] is not None:
        os.setgroups(settings["groups"])
        os.setresgid(*[settings["group"]] * 3)
    if settings["user"] is not None:
        os.setresuid(*[settings["user"]] * 3)
    _prctl(_NO_NEW_PRIVS, 1)
    if settings["cwd"]:
        os.chdir(settings["cwd"])
    for path in settings["needs"]:
        if not os.access(path, os.R_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "the app's user cannot read it", path)


def _limit(number: int, soft: int, hard: int) -> None:
    """Set a limit, or what is left of one that is lower already."""
    _, now = resource.getrlimit(number)
    if now != resource.RLIM_INFINITY:
        soft, hard = min(soft, now), min(hard, now)
    resource.setrlimit(number, (soft, hard))


def _leave_keys() -> None:
    """Take an empty session keyring: with the server's come its keys (session-keyring(7))."""
    number = _KEYCTL.get(os.uname().machine)
    if sys.platform == "linux" and number:
        import ctypes  # noqa: PLC0415  (Linux only)

        ctypes.CDLL(None).syscall(number, _JOIN_SESSION_KEYRING, None)


def _drop_capabilities() -> None:
    """Leave root no capability after the next exec: the bounding set is emptied (capabilities(7)).

    Those that this process holds go with the exec, and with the change of the user.
    """
    for number in range(_LAST_CAPABILITY + 1):
        _prctl(_CAPBSET_DROP, number)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415  (Linux only)

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _environment(settings: dict[str, Any]) -> dict[str, str]:
    """Return the app's variables; in a container the image's are below them."""
    below = os.environ if settings["inherit"] else {}
    return {**below, **settings["env"]}


if __name__ == "__main__":
    main(sys.argv[1])
