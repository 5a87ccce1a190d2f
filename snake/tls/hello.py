"""Hello: what a client says before a handshake (RFC 8446 §4.1.2)."""

from __future__ import annotations

from snake.core.record import Record


class Hello(Record):
    """What a ClientHello offers, as far as anything is chosen by it."""

    server_name: str = ""
    """In lower case, without a dot at the end; empty if there is none (RFC 6066 §3)."""
    alpn: tuple[str, ...] = ()
    """Application protocols, the one it likes best first (RFC 7301)."""
    versions: tuple[int, ...] = ()
    """Of the protocol, such as 0x0304."""
    cipher_suites: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    """Curves, the one it likes best first (RFC 8446 §4.2.7)."""
    key_shares: tuple[int, ...] = ()
    """The groups that it has sent a key for."""
    signature_algorithms: tuple[int, ...] = ()
