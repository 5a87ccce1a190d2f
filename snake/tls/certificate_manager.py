"""Manager: the contract of what has certificates that snake does not obtain itself.

A module of the namespace `tls.get_certificate` provisions to one, in the supervisor. Source:
https://pkg.go.dev/github.com/caddyserver/certmagic#Manager.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from snake.core.errors import SnakeError
from snake.tls.certificate import Certificate
from snake.tls.hello import Hello


class ManagerError(SnakeError):
    """A manager that should have a certificate, and could not give it."""


class Manager(Protocol):
    """Has certificates. May be asked for several at once."""

    async def get(self, hello: Hello, local_ip: str, remote_ip: str) -> Certificate | None:
        """Return the certificate for a handshake; `None` if it is none of this manager's.

        The addresses are those of the connection, empty if they are not known. Raises
        `ManagerError`. Takes some seconds at most, and can be cancelled.
        """
        ...


async def first_of(
    managers: Sequence[Manager], hello: Hello, local_ip: str, remote_ip: str
) -> Certificate | None:
    """Return the first certificate that a manager has for a handshake, if any.

    Those after one that fails are asked, too. If none has one and the last one failed, it raises
    its `ManagerError`: then nothing is to be obtained, since there may be one (as certmagic).
    """
    failure: ManagerError | None = None
    for manager in managers:
        try:
            found = await manager.get(hello, local_ip, remote_ip)
        except ManagerError as error:
            failure = error
            continue
        failure = None
        if found is not None:
            return found
    if failure is not None:
        raise failure
    return None
