"""pyOpenSSL: what Python's `ssl` cannot: to ask for a certificate that nobody need have signed.

It is Caddy's modes `request` and `require`. pyOpenSSL has OpenSSL of its own (cryptography's), and
is slower; so it serves the policies that need it, and no others. What is here looks like
`ssl.SSLObject` and raises what that does.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL

from snake.core.errors import SnakeError
from snake.tls.certificate import Certificate
from snake.tls.engine import Engine

if TYPE_CHECKING:
    from snake.tls.contexts import Terms

_VERSIONS = {
    ssl.TLSVersion.TLSv1_2: SSL.TLS1_2_VERSION,
    ssl.TLSVersion.TLSv1_3: SSL.TLS1_3_VERSION,
}
_OPTIONS = SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE
_PIECE = 262_144
"""Bytes that are taken at once of what is to be sent."""


class ContextError(SnakeError):
    """What pyOpenSSL cannot do."""


def make_context(terms: Terms, ciphers: str, certificate: Certificate) -> SSL.Context:
    """Return a context for the connections of a policy. Raises `ContextError`."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(_VERSIONS[terms.minimum])
    context.set_max_proto_version(_VERSIONS[terms.maximum])
    # No session outlives its connection: who comes again shows the certificate again.
    context.set_options(_OPTIONS | SSL.OP_NO_TICKET)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    try:
        if ciphers:
            context.set_cipher_list(ciphers.encode())
        leaf, *others = x509.load_pem_x509_certificates(certificate.chain.encode())
        context.use_certificate(leaf)
        for other in others:
            context.add_extra_chain_cert(other)
        key = serialization.load_pem_private_key(certificate.key.encode(), None)
        context.use_privatekey(key)  # type: ignore[arg-type]
    except (SSL.Error, ValueError, TypeError) as error:
        raise ContextError(_reason(error)) from None
    context.set_alpn_select_callback(lambda _, offered: _select(terms.alpn, offered))
    mode = SSL.VERIFY_PEER
    if terms.authentication is not None and terms.authentication.mode.requires:
        mode |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
    context.set_verify(mode, lambda *_: True)
    if terms.secrets_log:
        path = Path(terms.secrets_log)
        context.set_keylog_callback(lambda _, line: _append(path, line))
    return context


def _select(ours: tuple[str, ...], offered: list[bytes]) -> bytes:
    """Return the first of ours. There is one: who has none in common never comes this far."""
    for protocol in ours:
        if protocol.encode() in offered:
            return protocol.encode()
    return offered[0]


def _append(path: Path, line: bytes) -> None:
    with path.open("ab") as file:
        file.write(line + b"\n")


def engine(context: SSL.Context) -> Engine:
    """Return the server's side of a new connection."""
    connection = SSL.Connection(context, None)
    connection.set_accept_state()
    incoming = _Incoming(connection)
    return Engine(_Session(connection, incoming), incoming, _Outgoing(connection))


class _Incoming:
    """What comes from the client. How much of it OpenSSL has not read, pyOpenSSL does not say."""

    __slots__ = ("_connection", "pending")

    def __init__(self, connection: SSL.Connection) -> None:
        self._connection = connection
        self.pending = 0
        """1 until it is found that nothing is left."""

    def write(self, data: bytes, /) -> int:
        self.pending = 1
        return self._connection.bio_write(data)


class _Outgoing:
    """What goes to the client."""

    __slots__ = ("_connection", "_data")

    def __init__(self, connection: SSL.Connection) -> None:
        self._connection = connection
        self._data = b""

    @property
    def pending(self) -> int:
        """How many bytes are here."""
        try:
            while True:
                self._data += self._connection.bio_read(_PIECE)
        except SSL.WantReadError:
            return len(self._data)

    def read(self) -> bytes:
        """Take them all."""
        data = self._data if self.pending else b""
        self._data = b""
        return data


class _Session:
    """A connection of pyOpenSSL, as `ssl.SSLObject`."""

    __slots__ = ("_connection", "_incoming")

    session_reused = False

    def __init__(self, connection: SSL.Connection, incoming: _Incoming) -> None:
        self._connection = connection
        self._incoming = incoming

    def do_handshake(self) -> None:
        with self._errors():
            self._connection.do_handshake()

    def read(self, size: int = 16_384, /) -> bytes:
        with self._errors():
            return self._connection.recv(size)

    def write(self, data: bytes | memoryview, /) -> int:
        with self._errors():
            return self._connection.send(bytes(data))

    def pending(self) -> int:
        return self._connection.pending()

    def unwrap(self) -> None:
        with self._errors():
            self._connection.shutdown()

    def selected_alpn_protocol(self) -> str | None:
        return self._connection.get_alpn_proto_negotiated().decode("latin-1") or None

    def version(self) -> str | None:
        return self._connection.get_protocol_version_name()

    def cipher(self) -> tuple[str, str, int] | None:
        name = self._connection.get_cipher_name()
        return (name, "", 0) if name else None

    def peers(self) -> tuple[bytes, ...]:
        """Return the client's certificates as DER, its own first."""
        leaf = self._connection.get_peer_certificate(as_cryptography=True)
        if leaf is None:
            return ()
        chain = self._connection.get_peer_cert_chain(as_cryptography=True) or []
        encoding = serialization.Encoding.DER
        ders = [each.public_bytes(encoding) for each in (leaf, *chain)]
        return tuple(dict.fromkeys(ders))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise what `ssl` does."""
        try:
            yield
        except SSL.WantReadError:
            self._incoming.pending = 0
            raise ssl.SSLWantReadError(2, "want read") from None
        except SSL.ZeroReturnError:
            raise ssl.SSLZeroReturnError(6, "the other side has closed") from None
        except SSL.Error as error:
            raise ssl.SSLError(1, _reason(error)) from None


def _reason(error: Exception) -> str:
    """Return the reason of an error alone: pyOpenSSL's is a list of places in OpenSSL's code."""
    found = error.args[0] if error.args else ""
    if isinstance(found, list):
        return "; ".join(str(each[-1]) for each in found) or "unknown"
    return str(found)
