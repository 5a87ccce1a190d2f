"""CertificateURL: the manager that is a URL which answers with certificate and key."""

from __future__ import annotations

from urllib.parse import urljoin

from snake.fetch.fetch import fetch, with_query
from snake.fetch.response import FetchError, Response
from snake.tls.bundle import certificate_in
from snake.tls.certificate import Certificate
from snake.tls.certificate_manager import ManagerError
from snake.tls.hello import Hello

_TIMEOUT = 10.0
"""Seconds for all of it, while a client waits."""
_MOST_HOPS = 3
"""Redirects that are followed."""
_REDIRECTS = (301, 302, 303, 307, 308)
_OK = 200
_NONE = 204
"""The status that says that it is none of theirs."""


class CertificateURL:
    """A `Manager`. Of the hello it is told what a certificate may be chosen by, as Caddy does."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def get(self, hello: Hello, local_ip: str, remote_ip: str) -> Certificate | None:
        """Ask. Raises `ManagerError`."""
        del remote_ip
        query = {
            "server_name": hello.server_name,
            "signature_schemes": _numbers(hello.signature_algorithms),
            "cipher_suites": _numbers(hello.cipher_suites),
        }
        if local_ip:
            query["local_ip"] = local_ip
        try:
            answer = await self._asked(with_query(self._url, query))
        except FetchError as error:
            raise ManagerError(str(error)) from None
        if answer.status == _NONE:
            return None
        if answer.status != _OK:
            raise ManagerError(f"got HTTP {answer.status}")
        return await certificate_in(answer.body)

    async def _asked(self, url: str) -> Response:
        for _ in range(_MOST_HOPS + 1):
            answer = await fetch(url, within=_TIMEOUT)
            target = answer.fields.get("location", "")
            if answer.status not in _REDIRECTS or not target:
                return answer
            url = urljoin(url, target)
        raise FetchError(f"more than {_MOST_HOPS} redirects")


def _numbers(values: tuple[int, ...]) -> str:
    return ",".join(f"{value:x}" for value in values)
