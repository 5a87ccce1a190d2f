"""Proving: whether a client has the name that it wants (RFC 8555 §8, RFC 8737, RFC 8738)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from ipaddress import ip_address
from urllib.parse import urljoin

from cryptography import x509

from snake.acme_server.jws import encoded
from snake.acme_server.refused import RefusedError
from snake.acme_server.resources import IP, Identifier
from snake.core.record import Record
from snake.dns.resolver import Resolver, ResolverError, texts
from snake.fetch.fetch import fetch
from snake.fetch.response import FetchError
from snake.tls.challenge import ACME_TLS, HTTP01, TLSALPN01, WELL_KNOWN

DNS01 = "dns-01"
TYPES = (DNS01, HTTP01, TLSALPN01)

_PATIENCE = 10.0
"""Seconds for one proof."""
_MOST_BODY = 4096
"""Bytes of an answer by HTTP. A key authorization has about ninety."""
_REDIRECTS = 10
_ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
_OCTETS = b"\x04\x20"
"""How an octet string of 32 bytes begins in DER."""


class UnprovedError(RefusedError):
    """A proof that there is not. One that is `final` ends the authorization."""

    def __init__(self, kind: str, detail: str, *, final: bool = False) -> None:
        super().__init__(kind, detail)
        self.final = final


class Ports(Record):
    """Where proofs are looked for. Other ports than these prove nothing (RFC 8555 §8.3)."""

    http: int = 80
    https: int = 443


def types_for(identifier: Identifier, enabled: tuple[str, ...]) -> list[str]:
    """Return the challenges by which a name may be proved."""
    if identifier.type == IP:
        fitting: tuple[str, ...] = (HTTP01, TLSALPN01)
    elif identifier.is_wildcard:
        fitting = (DNS01,)
    else:
        fitting = TYPES
    return [each for each in fitting if each in (enabled or TYPES)]


class Prover:
    """Looks for proofs."""

    def __init__(self, resolver: Resolver, ports: Ports | None = None) -> None:
        self._resolver = resolver
        self._ports = ports or Ports()

    async def prove(
        self, type: str, identifier: Identifier, token: str, authorization: str
    ) -> None:
        """Return if a name is proved by a challenge. Raises `UnprovedError`.

        `authorization` is what proves it: the token with the thumbprint of the account's key.
        """
        name = identifier.value.removeprefix("*.")
        try:
            async with asyncio.timeout(_PATIENCE):
                if type == HTTP01:
                    await self._http(name, token, authorization)
                elif type == TLSALPN01:
                    await self._tls(identifier, authorization)
                else:
                    await self._dns(name, authorization)
        except TimeoutError:
            raise UnprovedError("connection", f"no proof came within {_PATIENCE:.0f} s") from None

    async def _http(self, name: str, token: str, authorization: str) -> None:
        port = "" if self._ports.http == Ports().http else f":{self._ports.http}"
        host = f"[{name}]" if ":" in name else name
        url = f"http://{host}{port}{WELL_KNOWN}{token}"
        for _ in range(_REDIRECTS):
            try:
                answer = await fetch(url, most=_MOST_BODY, within=_PATIENCE, trust=_anybody())
            except FetchError as error:
                raise UnprovedError("connection", str(error)) from None
            to = answer.fields.get("location", "")
            if not (300 <= answer.status < 400 and to):  # noqa: PLR2004  (redirects)
                break
            url = urljoin(url, to)
        if answer.status >= 300:  # noqa: PLR2004  (what is no success)
            raise UnprovedError("connection", f"{host} answered with the status {answer.status}")
        if not hmac.compare_digest(answer.body.strip(), authorization.encode()):
            raise UnprovedError("rejectedIdentifier", f"{host} answered something else", final=True)

    async def _dns(self, name: str, authorization: str) -> None:
        wanted = encoded(hashlib.sha256(authorization.encode()).digest())
        try:
            answer = await self._resolver.ask(f"_acme-challenge.{name}", "TXT")
        except ResolverError as error:
            raise UnprovedError("dns", str(error)) from None
        if wanted not in texts(answer, "TXT"):
            raise UnprovedError("rejectedIdentifier", f"_acme-challenge.{name} has not this record")

    async def _tls(self, identifier: Identifier, authorization: str) -> None:
        name = identifier.value
        called = ip_address(name).reverse_pointer if identifier.type == IP else name
        context = _anybody()
        context.set_alpn_protocols([ACME_TLS])
        try:
            _, writer = await asyncio.open_connection(
                name, self._ports.https, ssl=context, server_hostname=called
            )
        except (OSError, UnicodeError) as error:
            raise UnprovedError("connection", f"{name}: {error}") from None
        try:
            shown: ssl.SSLObject = writer.get_extra_info("ssl_object")
            protocol, der = shown.selected_alpn_protocol(), shown.getpeercert(binary_form=True)
        finally:
            writer.transport.abort()
        if protocol != ACME_TLS:
            raise UnprovedError(
                "rejectedIdentifier", f"{name} does not speak {ACME_TLS}", final=True
            )
        digest = hashlib.sha256(authorization.encode()).digest()
        if der is None or not _is_proof(der, identifier, digest):
            message = f"the certificate of {name} is not the one of this challenge"
            raise UnprovedError("rejectedIdentifier", message, final=True)


def _is_proof(der: bytes, identifier: Identifier, digest: bytes) -> bool:
    """Whether a certificate is that of a challenge (RFC 8737 §3)."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        proof = certificate.extensions.get_extension_for_oid(_ACME_IDENTIFIER)
    except (ValueError, x509.ExtensionNotFound):
        return False
    found = [str(each.value).lower() for each in names]
    value = getattr(proof.value, "value", b"")
    return (
        found == [identifier.value]
        and proof.critical
        and hmac.compare_digest(value, _OCTETS + digest)
    )


def _anybody() -> ssl.SSLContext:
    """Return a context that believes any certificate: who is proved has none yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
