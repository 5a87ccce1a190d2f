"""Listener: whose process it is that listens at an address of this machine, as Linux tells it."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

from snake.core.network import NetworkAddress

_LISTENS = "0A"
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_STATE, _USER = 3, 7
"""The columns of a table. Source: proc_pid_net(5)."""
PEOPLE = 1000
"""The first number of a user who is a person, or `nobody`; below are those of services."""


def owners(address: NetworkAddress) -> set[int]:
    """Return the users whose processes listen there; none where the system does not tell."""
    return _of_socket(address.host) if address.is_unix else _of_port(address.start_port)


def strangers(address: NetworkAddress) -> set[int]:
    """Return the users who listen there and whom root has no reason to believe.

    Those are people other than the one who has called this by sudo.
    """
    caller = os.environ.get("SUDO_UID", "")
    known = {os.getuid(), int(caller) if caller.isdecimal() else 0}
    return {user for user in owners(address) - known if user >= PEOPLE}


def _of_port(port: int) -> set[int]:
    found = set()
    for table in _TABLES:
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for words in map(str.split, lines):
            if words[_STATE] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                found.add(int(words[_USER]))
    return found


def _of_socket(path: str) -> set[int]:
    if not hasattr(socket, "SO_PEERCRED"):
        return set()
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(os.fsencode(path))
            peer = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except OSError:
            return set()
    return {struct.unpack("3i", peer)[1]}
