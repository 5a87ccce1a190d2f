"""Tailscaled: the manager that is the Tailscale daemon on this machine.

It has certificates for names in `.ts.net`. Source: https://github.com/tailscale/tscert.
"""

from __future__ import annotations

import logging
import sys
from typing import NoReturn

import msgspec

from snake.core.record import Record
from snake.fetch.fetch import fetch
from snake.fetch.response import FetchError, Response
from snake.tls.bundle import certificate_in
from snake.tls.certificate import Certificate
from snake.tls.certificate_manager import ManagerError
from snake.tls.hello import Hello
from snake.tls.server_name import fault_of
from snake.tls.subjects import is_tailscale, patterns

log = logging.getLogger("snake.tls")

_SOCKET = (
    "/var/run/tailscaled.socket"
    if sys.platform == "darwin"
    else ("/var/run/tailscale/tailscaled.sock")
)
_API = "http://local-tailscaled.sock/localapi/v0"
"""The host is only a name; no other one is answered."""
_PATIENCE = 60.0
"""Seconds for a certificate, which the daemon may have to obtain (tscert: a minute)."""
_SHORT = 5.0
"""Seconds for what it knows."""
_MOST = 8 << 20
"""Bytes of a status, which has all machines of the network if the daemon is an old one."""
_OK, _FORBIDDEN = 200, 403
_SHOWN = 200


class _Status(Record):
    """What is read of the daemon's status."""

    domains: tuple[str, ...] | None = msgspec.field(default=None, name="CertDomains")


class _Fault(Record):
    """What it says when it does not do something."""

    error: str = ""


class Tailscaled:
    """A `Manager`."""

    def __init__(self, socket: str = _SOCKET) -> None:
        self._socket = socket

    async def get(self, hello: Hello, local_ip: str, remote_ip: str) -> Certificate | None:
        """Ask. Raises `ManagerError`."""
        del local_ip, remote_ip
        name = hello.server_name
        if not is_tailscale(name) or fault_of(name):
            return None
        try:
            domains = await self._domains()
        except ManagerError as error:
            log.warning("Tailscale does not say which names it has; it is asked anyway: %s", error)
        else:
            if not any(pattern in domains for pattern in patterns(name)):
                return None
        answer = await self._ask(f"/cert/{name}?type=pair", _PATIENCE)
        return await certificate_in(answer.body)

    async def _domains(self) -> frozenset[str]:
        answer = await self._ask("/status?peers=false", _SHORT)
        try:
            status = msgspec.json.decode(answer.body, type=_Status)
        except (msgspec.DecodeError, RecursionError):
            raise ManagerError("its status is no JSON") from None
        return frozenset(domain.lower() for domain in status.domains or ())

    async def _ask(self, path: str, within: float) -> Response:
        try:
            answer = await fetch(f"{_API}{path}", within=within, most=_MOST, socket=self._socket)
        except FetchError as error:
            raise ManagerError(f"Tailscale: {error}") from None
        if answer.status != _OK:
            _fail(answer)
        return answer


def _fail(answer: Response) -> NoReturn:
    try:
        text = msgspec.json.decode(answer.body, type=_Fault).error
    except (msgspec.DecodeError, RecursionError):
        text = answer.body[:_SHOWN].decode("utf-8", "replace")
    text = "".join(each if each.isprintable() else " " for each in text)[:_SHOWN].strip()
    if answer.status == _FORBIDDEN:
        raise ManagerError(
            f"Tailscale denies access: {text}; set TS_PERMIT_CERT_UID for this user in tailscaled"
        )
    raise ManagerError(f"Tailscale answers {answer.status}: {text}")
