"""Tickets: contexts whose session tickets all workers can open.

OpenSSL makes the keys of a context's tickets when the context is made. So contexts are made
before workers are forked (`prepare`), and each worker takes the same one for the same purpose: a
client that comes to another worker, or to one of the next configuration, resumes its session
there. The keys are in no file, and end with the process that workers are forked from.

A purpose is a connection policy, and a curve if it has any. Two of them never share keys, and one
that asks for client certificates has no tickets at all: what one site has given to a client does
not spare it the certificate that another asks for (CVE-2025-23419).
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Iterable
from threading import Lock

import msgspec

from snake.config.tls import ConnectionPolicy

_MOST = 100
"""Contexts that are prepared. Purposes beyond that have tickets for their own worker only."""

_prepared: dict[str, ssl.SSLContext] = {}
_taken: dict[str, ssl.SSLContext] = {}
_lock = Lock()


def purpose_of(policy: ConnectionPolicy) -> str:
    """Return what tells a policy from all others, the same in every process and after a reload."""
    text = msgspec.json.encode(policy, order="deterministic")
    return hashlib.sha256(text).hexdigest()[:32]


def purposes_of(policies: Iterable[ConnectionPolicy]) -> list[str]:
    """Return the purposes that some policies have, each once."""
    found = [
        purpose_with(purpose_of(policy), curve)
        for policy in policies
        if policy.client_authentication is None
        for curve in policy.curves or ("",)
    ]
    return list(dict.fromkeys(found))[:_MOST]


def purpose_with(purpose: str, curve: str) -> str:
    """Return the purpose of one curve of a policy."""
    return f"{purpose} {curve}" if curve else purpose


def prepare(purposes: Iterable[str]) -> None:
    """Make contexts that are not there yet, in the process that workers are forked from.

    Beyond a bound, those go first that were not asked for the longest.
    """
    for purpose in purposes:
        context = _prepared.pop(purpose, None) or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _prepared[purpose] = context
    while len(_prepared) > _MOST:
        del _prepared[next(iter(_prepared))]


def take(purpose: str, set_up: Callable[[ssl.SSLContext], None]) -> ssl.SSLContext:
    """Return the one context of this process for a purpose, set up when it is first asked for."""
    with _lock:  # there may be several event loops, each in a thread
        context = _taken.get(purpose)
        if context is None:
            context = _prepared.pop(purpose, None) or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            set_up(context)
            _taken[purpose] = context
    return context
