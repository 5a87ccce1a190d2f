"""RefusedError: why a request to the ACME server is not done (RFC 8555 §6.7)."""

from __future__ import annotations

from typing import Any

from snake.core.errors import SnakeError

NAMESPACE = "urn:ietf:params:acme:error:"

_STATUS = {
    "unauthorized": 401,
    "rateLimited": 429,
    "serverInternal": 500,
    "notImplemented": 501,
}
"""The status of a kind, where it is not 400. The names are those of the RFC and of Caddy."""


class RefusedError(SnakeError):
    """A request that is refused; `kind` is the last part of the type of error."""

    def __init__(self, kind: str, detail: str, status: int = 0) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.status = status or _STATUS.get(kind, 400)

    @property
    def document(self) -> dict[str, Any]:
        """What the client is told (RFC 7807)."""
        return {"type": NAMESPACE + self.kind, "detail": self.detail}


def malformed(detail: str, status: int = 400) -> RefusedError:
    """Return the refusal of what is no such request."""
    return RefusedError("malformed", detail, status)
