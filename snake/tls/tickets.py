"""Tickets: contexts whose session tickets all workers can open.

OpenSSL makes the keys of a context's tickets when the context is made. So contexts are made
before workers are forked (`prepare`), and each worker takes the same one for the same purpose: a
client that comes to another worker, or to one of the next configuration, resumes its session
there. Two purposes never share a context: a ticket of one site must not spare its holder the
client certificate that another site asks for (CVE-2025-23419).
"""

from __future__ import annotations

import hashlib
import ssl

_COUNT = 64
"""Contexts that are prepared. Purposes beyond that have tickets for their own worker only."""

_prepared: dict[int, ssl.SSLContext] = {}


def prepare() -> None:
    """Make the contexts, in the process that workers are forked from."""
    for slot in range(_COUNT):
        _prepared[slot] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def take(purpose: str) -> ssl.SSLContext:
    """Return a context as it was made; the one that is prepared for a purpose is had once."""
    slot = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8]) % _COUNT
    return _prepared.pop(slot, None) or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
