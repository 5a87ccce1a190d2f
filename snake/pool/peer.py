"""Peer: who is at the other end of a Unix socket."""

from __future__ import annotations

import socket
from struct import Struct

_CREDENTIALS = Struct("3i")
"""`struct ucred` of Linux: process, user, group (unix(7), SO_PEERCRED)."""


def is_allowed(connection: socket.socket, owner: int) -> bool:
    """Whether a connection comes from a process of this user, or of root; -1 is anyone.

    Where the system does not tell, the folder of the socket is all the protection there is.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if owner < 0 or option is None:
        return True
    data = connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(data)[1] in (owner, 0)
