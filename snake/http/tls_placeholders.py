"""Placeholders of a connection's TLS: `http.request.tls.*`.

Source: https://caddyserver.com/docs/json/apps/http/#docs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from snake.http.null import NULL
from snake.http.request import Request
from snake.tls.peer_certificate import PeerCertificate
from snake.tls.secured import SECURED, Secured, suite_name, version_name

Get = Callable[[Request], Any]

_CONNECTION: dict[str, Callable[[Secured], Any]] = {
    "version": lambda secured: version_name(secured.version),
    "cipher_suite": lambda secured: suite_name(secured.cipher_suite),
    "resumed": lambda secured: secured.resumed,
    "proto": lambda secured: secured.alpn,
    "proto_mutual": lambda _: True,
    "server_name": lambda secured: secured.server_name,
    "ech": lambda _: False,
}
_CLIENT = re.compile(
    r"client\.(certificate_der_base64|certificate_pem|fingerprint|issuer|public_key"
    r"|public_key_sha256|serial|subject)"
)
_NAMES = re.compile(r"client\.san\.(dns_names|emails|ips|uris)(?:\.([0-9]+))?")
_NOBODY = PeerCertificate(
    fingerprint="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    subject="",
    issuer="",
    serial="<nil>",
    certificate_pem="-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    certificate_der_base64="",
)
"""What Caddy says of a client that has no certificate: what there is of nothing."""


class Names(tuple[str, ...]):
    """The names in a certificate; as text, in brackets."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return them as Go writes a list."""
        return f"[{' '.join(self)}]"


def lookup(name: str) -> Get | None:
    """Return the getter of a name behind `http.request.tls.`, or `None` if it is none.

    Of a connection without TLS each is known, and empty.
    """
    name = name.lower()
    if name in _CONNECTION:
        return _of_connection(_CONNECTION[name])
    if match := _CLIENT.fullmatch(name):
        field = match[1]
        return _of_client(lambda client: getattr(client, field))
    if match := _NAMES.fullmatch(name):
        field = match[1]
        if match[2] is None:
            return _of_client(lambda client: Names(getattr(client, field)))
        index = int(match[2])
        return _of_client(lambda client: _at(getattr(client, field), index))
    return None


def _at(names: tuple[str, ...], index: int) -> str:
    return names[index] if index < len(names) else NULL


def _of_connection(part: Callable[[Secured], Any]) -> Get:
    def get(request: Request) -> Any:  # noqa: ANN401
        secured = request.scope.get(SECURED)
        return NULL if secured is None else part(secured)

    return get


def _of_client(part: Callable[[PeerCertificate], Any]) -> Get:
    def get(request: Request) -> Any:  # noqa: ANN401
        secured: Secured | None = request.scope.get(SECURED)
        return NULL if secured is None else part(client_of(secured) or _NOBODY)

    return get


def client_of(secured: Secured) -> PeerCertificate | None:
    """Return what the certificate says that a client has shown; `None` if it has shown none."""
    return PeerCertificate.of(secured.peers[0]) if secured.peers else None
