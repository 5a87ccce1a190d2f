"""Permission: the contract of what says whether a name may have a certificate on demand.

A module of the namespace `tls.permission` provisions to one.
Source: https://caddyserver.com/docs/json/apps/tls/automation/on_demand/permission/.
"""

from __future__ import annotations

from typing import Protocol

from snake.core.errors import SnakeError


class NotAllowedError(SnakeError):
    """A name that gets no certificate now, and why.

    It need not be asked about again for `seconds`.
    """

    def __init__(self, message: str, *, seconds: float = 0) -> None:
        super().__init__(message)
        self.seconds = seconds


class DeniedError(NotAllowedError):
    """A name that may not have a certificate."""


class UndecidedError(NotAllowedError):
    """A name of which nobody could say whether it may: so it may not."""


class Permission(Protocol):
    """Says which names may have a certificate. May be asked about several at once."""

    async def allows(self, name: str) -> None:
        """Return if a name may have a certificate. Can be cancelled.

        `name` is a DNS name in lower case without a dot at its end, or an IP address.
        Raises `DeniedError` if it may not, and `UndecidedError` if that cannot be found out.
        """
        ...
