"""Contexts: what OpenSSL is told of a policy and a certificate, once for all who come."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from snake.core.record import Record
from snake.tls.alerts import HANDSHAKE_FAILURE, RefusedHandshakeError
from snake.tls.authentication import Authentication, Mode
from snake.tls.certificate import Certificate
from snake.tls.engine import Engine, Object, engine
from snake.tls.hello import Hello
from snake.tls.tickets import purpose_with, take

Make = Callable[[ssl.SSLContext], Engine]
"""Makes what does one handshake, given the context of a policy."""
_MOST = 2000
"""Contexts that are kept. One has some tens of kilobytes."""

GROUPS = {
    "x25519mlkem768": (0x11EC, "X25519MLKEM768"),
    "x25519": (0x001D, "X25519"),
    "secp256r1": (0x0017, "prime256v1"),
    "secp384r1": (0x0018, "secp384r1"),
    "secp521r1": (0x0019, "secp521r1"),
}
"""The curves of a document: their numbers (IANA, TLS Supported Groups), and OpenSSL's names."""
HYBRID = "x25519mlkem768"
HAS_HYBRID = ssl.OPENSSL_VERSION_INFO >= (3, 5)
"""Whether OpenSSL knows it; then it likes it best, and cannot be told to take it alone."""

SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
}
"""Cipher suites of TLS 1.2, in the order of Go, and OpenSSL's names."""
DEFAULT_SUITES = tuple(name for name in SUITES if not name.endswith("CBC_SHA"))


class Terms(Record):
    """What the handshakes of a policy may come to."""

    purpose: str
    """What tells this policy from all others, in every process alike."""
    alpn: tuple[str, ...]
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    suites: tuple[str, ...] = DEFAULT_SUITES
    """Of TLS 1.2, by their names in a document; those of TLS 1.3 cannot be chosen."""
    curves: tuple[str, ...] = ()
    """By their names in a document; none for those that OpenSSL likes."""
    authentication: Authentication | None = None
    secrets_log: str = ""
    tickets: bool = True


class Contexts:
    """The contexts of a process's connections.

    A connection begins with the context of its policy and curve, which has the keys of tickets,
    and goes on with the one of its certificate: OpenSSL keeps to the first for all but that.
    """

    def __init__(self) -> None:
        self._of_terms: dict[str, ssl.SSLContext] = {}
        self._of_certificates: dict[tuple[str, str], Make] = {}

    def engine(self, terms: Terms, certificate: Certificate, hello: Hello) -> Engine:
        """Return what does the handshake of a client. Raises `RefusedHandshakeError`."""
        place = (terms.purpose, certificate.fingerprint)
        make = self._of_certificates.get(place)
        if make is None:
            if len(self._of_certificates) >= _MOST:
                del self._of_certificates[next(iter(self._of_certificates))]
            make = self._of_certificates[place] = maker(terms, certificate)
        curve = curve_for(terms.curves, hello) if terms.curves else ""
        return make(self._first(terms, curve))

    def _first(self, terms: Terms, curve: str) -> ssl.SSLContext:
        if not terms.tickets:
            # A context remembers sessions (TLS 1.2) whatever it is told: so each has its own.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            apply(terms, context, curve, first=True)
            return context
        purpose = purpose_with(terms.purpose, curve)
        found = self._of_terms.get(purpose)
        if found is None:
            set_up = partial(apply, terms, curve=curve)
            found = self._of_terms[purpose] = take(purpose, set_up)
        return found


def curve_for(curves: tuple[str, ...], hello: Hello) -> str:
    """Return the first of the curves that a client has sent a key for, or else can send one for.

    Raises `RefusedHandshakeError` when it knows none of them.
    """
    for offered in (hello.key_shares, hello.groups):
        for curve in curves:
            if GROUPS[curve][0] in offered:
                return curve
    raise RefusedHandshakeError("the client knows none of our curves", HANDSHAKE_FAILURE)


def maker(terms: Terms, certificate: Certificate) -> Make:
    """Return what makes engines. Raises `RefusedHandshakeError` for what OpenSSL dislikes."""
    if terms.authentication is not None and not terms.authentication.mode.verifies:
        return _make_by_pyopenssl(terms, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    apply(terms, context)
    try:
        with as_file(certificate.chain + "\n" + certificate.key) as path:
            context.load_cert_chain(path, password=_no_password)
    except (OSError, ValueError) as error:
        raise _unusable(certificate, getattr(error, "reason", None) or error) from None
    return partial(engine, context=context)


def _make_by_pyopenssl(terms: Terms, certificate: Certificate) -> Make:
    # Few policies need it, and it takes a while to load.
    from snake.tls import pyopenssl  # noqa: PLC0415

    try:
        context = pyopenssl.make_context(terms, ciphers(terms), certificate)
    except pyopenssl.ContextError as error:
        raise _unusable(certificate, error) from None
    return lambda _: pyopenssl.engine(context)


def _unusable(certificate: Certificate, why: object) -> RefusedHandshakeError:
    names = ", ".join(certificate.names)
    return RefusedHandshakeError(f"OpenSSL cannot use the certificate of {names}: {why}")


def ciphers(terms: Terms) -> str:
    """Return the suites of TLS 1.2 as OpenSSL writes them."""
    return ":".join(SUITES[name] for name in terms.suites)


def apply(terms: Terms, context: ssl.SSLContext, curve: str = "", *, first: bool = False) -> None:
    """Have a context keep to the terms. Raises `ssl.SSLError` for what OpenSSL cannot do.

    One that is only the first of a connection needs not know who is trusted.
    """
    context.sslobject_class = Object
    context.minimum_version, context.maximum_version = terms.minimum, terms.maximum
    context.options |= (
        ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    )
    if terms.suites:
        context.set_ciphers(ciphers(terms))
    if terms.alpn:
        context.set_alpn_protocols(terms.alpn)
    if curve and curve != HYBRID:
        context.set_ecdh_curve(GROUPS[curve][1])
    if terms.tickets:
        context.num_tickets = 1  # as Go: each is a hundred bytes and some more work
    else:
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
    if terms.secrets_log:
        context.keylog_filename = terms.secrets_log
    authentication = terms.authentication
    if authentication is not None and authentication.mode.verifies:
        required = authentication.mode is Mode.REQUIRE_AND_VERIFY
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        # As in Go, whoever is trusted need not have signed itself.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if not first:
            authentication.pool.apply(context)


def _no_password() -> str:
    raise ValueError("the key is encrypted")


@contextmanager
def as_file(text: str) -> Iterator[str]:
    """Give a text as a file to read by its name, in memory where that can be: it may be a key."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("certificate")
        try:
            os.write(fd, text.encode())
            yield f"/proc/self/fd/{fd}"
        finally:
            os.close(fd)
        return
    with tempfile.NamedTemporaryFile("w") as file:  # which nobody else can read
        file.write(text)
        file.flush()
        yield file.name
