"""Remote access: who may use the API from other machines, and for what.

The handshake has proved that a client holds the key of a certificate that the configuration names,
or of one that such a certificate has issued. What it may do then is said by method and path.
Source: https://caddyserver.com/docs/json/admin/remote/.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from snake.admin.access import refuse_tricks
from snake.admin.answer import APIError, Headers
from snake.admin.request import Request
from snake.config.admin import Permission
from snake.core.record import Record

_MOST_LINKS = 10
"""Certificates of one chain that are looked at."""


class Grant(Record):
    """What the holders of some keys may do."""

    certificates: tuple[x509.Certificate, ...]
    permissions: tuple[Permission, ...]
    """All of them have to allow a request. Without any, everything is allowed."""

    def check(self, request: Request) -> None:
        """Refuse what is not allowed. Raises `APIError`."""
        for permission in self.permissions:
            if permission.methods is not None and request.method not in permission.methods:
                message = "not authorized to use this method"
                raise APIError(HTTPStatus.FORBIDDEN, message)
            paths = permission.paths
            if paths is not None and not any(is_below(request.path, path) for path in paths):
                message = "not authorized to access this path"
                raise APIError(HTTPStatus.FORBIDDEN, message)


class RemoteAccess(Record):
    """The rules of an admin endpoint for other machines."""

    grants: tuple[Grant, ...]

    def admit(self, request: Request) -> Headers:
        """Return the fields that an answer to this request has. Raises `APIError`.

        Of a chain, the certificate that is nearest to the client's own and has a grant decides.
        """
        peers = request.secured.peers if request.secured is not None else ()
        for certificate in self._chain(peers):
            for grant in self.grants:
                if _key(certificate) in map(_key, grant.certificates):
                    grant.check(request)
                    refuse_tricks(request)
                    _refuse_pages(request)
                    return ()
        raise APIError(HTTPStatus.UNAUTHORIZED, "client identity not authorized")

    def _chain(self, peers: Sequence[bytes]) -> Iterator[x509.Certificate]:
        """Yield a client's certificate, and those that have really issued one another.

        A client may show any certificate beside its own: only what has signed it counts.
        """
        if not peers:
            return
        shown = [x509.load_der_x509_certificate(der) for der in peers]
        known = [each for grant in self.grants for each in grant.certificates]
        current = shown[0]
        for _ in range(_MOST_LINKS):
            yield current
            issuers = [each for each in (*shown[1:], *known) if _has_issued(each, current)]
            above = next((each for each in issuers if _key(each) != _key(current)), None)
            if above is None:
                return
            current = above


def is_below(path: str, allowed: str) -> bool:
    """Whether a path is an allowed one, or below it: `/config/a` is not that of `/config/ab`."""
    if allowed in ("", "/"):
        return path.startswith(allowed)
    return path == allowed or path.startswith(f"{allowed.removesuffix('/')}/")


def _refuse_pages(request: Request) -> None:
    """Refuse what a page in a browser sends: none has a right to be here."""
    if "origin" in request.headers or "sec-fetch-mode" in request.headers:
        origin = request.header("origin")
        message = f"client is not allowed to access from origin '{origin}'"
        raise APIError(HTTPStatus.FORBIDDEN, message)


def _key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
