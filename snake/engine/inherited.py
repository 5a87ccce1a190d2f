"""Inherited: sockets that a service manager opened before snake, as sd_listen_fds(3) has it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

_FIRST = 3
"""SD_LISTEN_FDS_START: those before are stdin, stdout and stderr."""
_MOST = 4096
"""Sockets that are looked at, whatever the variable says."""
_DIGITS = 9
"""Python itself refuses numbers of some thousand digits."""


def keep_from_others(environ: Mapping[str, str] = os.environ) -> None:
    """Have no program that is started from here get the sockets, such as what apps run."""
    if environ.get("LISTEN_PID") not in (str(os.getpid()), str(os.getppid())):
        return  # they were given to somebody else; the parent is our own init (`fork.init`)
    with suppress(OSError):  # fewer are open than was said
        for fd in _names(environ):
            os.set_inheritable(fd, False)  # noqa: FBT003  (its only form)


def inherited(
    name: str, kind: socket.SocketKind, environ: Mapping[str, str] = os.environ
) -> socket.socket:
    """Return a copy of a socket, by its number or its name in `LISTEN_FDNAMES`.

    Raises `ValueError` with a message, and `OSError`.
    """
    sock = socket.socket(fileno=os.dup(_descriptor(name, environ)))
    if sock.type != kind:
        sock.close()
        if kind == socket.SOCK_STREAM:
            raise ValueError(f"it is a socket for datagrams; for HTTP/3, it is fdgram/{name}")
        raise ValueError(f"it is no socket for datagrams; for connections, it is fd/{name}")
    return sock


def _descriptor(name: str, environ: Mapping[str, str]) -> int:
    if name.isascii() and name.isdecimal():
        return int(name)
    names = _names(environ)
    for fd, each in names.items():
        if each == name:
            return fd
    there = ", ".join(f"{each} is {fd}" for fd, each in names.items()) or "LISTEN_FDS has none"
    raise ValueError(f"no descriptor is named {name!r}: {there}")


def _names(environ: Mapping[str, str]) -> dict[int, str]:
    """Return the descriptors that were passed, with their names."""
    count = environ.get("LISTEN_FDS", "")
    if not (count.isascii() and count.isdecimal()):
        return {}
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    return {
        _FIRST + index: names[index] if index < len(names) else ""
        for index in range(min(int(count[:_DIGITS]), _MOST))
    }
