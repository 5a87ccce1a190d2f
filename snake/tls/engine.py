"""Engine: TLS between bytes in memory: what stands between a socket and a protocol.

It is Python's `ssl`, or what looks like it (`pyopenssl.py`).
"""

from __future__ import annotations

import ssl
import sys
from typing import Protocol

from snake.core.record import Record


class Incoming(Protocol):
    """Bytes of the client, as `ssl.MemoryBIO`."""

    @property
    def pending(self) -> int:
        """How many wait for the session; at least 1 if any may."""
        ...

    def write(self, data: bytes, /) -> int:
        """Add bytes."""
        ...


class Outgoing(Protocol):
    """Bytes for the client, as `ssl.MemoryBIO`."""

    @property
    def pending(self) -> int:
        """How many wait to be sent."""
        ...

    def read(self) -> bytes:
        """Take all of them."""
        ...


class Session(Protocol):
    """One side of a connection, as `ssl.SSLObject`. What it raises is `ssl`'s."""

    def do_handshake(self) -> None:
        """Go on with the handshake; raises `SSLWantReadError` until it is over."""
        ...

    def read(self, size: int = ..., /) -> bytes:
        """Return what a record has. Raises `SSLWantReadError`; `SSLZeroReturnError` at the end."""
        ...

    def write(self, data: bytes | memoryview, /) -> int:
        """Encrypt bytes."""
        ...

    def pending(self) -> int:
        """Return how many bytes of a record are decrypted already."""
        ...

    def unwrap(self) -> object:
        """Say that nothing more comes (close_notify)."""
        ...

    def selected_alpn_protocol(self) -> str | None:
        """Return what application protocol the two have agreed on."""
        ...

    def version(self) -> str | None:
        """Return the version, such as `TLSv1.3`."""
        ...

    def cipher(self) -> tuple[str, str, int] | None:
        """Return OpenSSL's name of the cipher suite, and more of it."""
        ...

    def peers(self) -> tuple[bytes, ...]:
        """Return the certificates of the other side as DER, its own first."""
        ...

    @property
    def session_reused(self) -> bool:
        """Whether a session went on that was begun on another connection."""
        ...


class Engine(Record):
    """A session, and the bytes that it reads and writes."""

    session: Session
    incoming: Incoming
    outgoing: Outgoing


class Object(ssl.SSLObject):
    """Python's own."""

    def peers(self) -> tuple[bytes, ...]:
        """Return the certificates of the other side as DER, its own first."""
        leaf = self.getpeercert(binary_form=True)
        if leaf is None:
            return ()
        if sys.version_info >= (3, 13):
            return tuple(self.get_unverified_chain())
        return (leaf,)


def engine(first: ssl.SSLContext, context: ssl.SSLContext) -> Engine:
    """Return the server's side of a new connection.

    It begins with one context, the class of whose objects is `Object`, and has the certificate
    of another.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = first.wrap_bio(incoming, outgoing, server_side=True)
    session.context = context
    return Engine(session, incoming, outgoing)  # type: ignore[arg-type]
