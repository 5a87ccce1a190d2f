"""Encryption: the connection policies of a server, and what they come to for a client.

The first policy that matches decides; what follows is Caddy's and certmagic's order of names
(`selection.py`). What it comes to is the same for TLS over TCP and for QUIC.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from heapq import merge

from snake.config.tls import ConnectionPolicy, TLSApp
from snake.core.modules import Context
from snake.core.record import Record
from snake.tls.alerts import (
    NO_APPLICATION_PROTOCOL,
    PROTOCOL_VERSION,
    RefusedHandshakeError,
)
from snake.tls.certificate import Certificate
from snake.tls.contexts import Contexts, Terms
from snake.tls.engine import Engine
from snake.tls.handshake import Match, Named
from snake.tls.hello import Hello
from snake.tls.ring import Ring, Visitor
from snake.tls.selection import Picked, Wanted, pick
from snake.tls.subjects import qualifies
from snake.tls.terms import read_terms


class Policy(Record):
    """A connection policy that runs."""

    matchers: tuple[Match, ...]
    terms: Terms
    wanted: Wanted = Wanted()
    drop: bool = False

    def matches(self, hello: Hello, local_ip: str, remote_ip: str) -> bool:
        """Whether it is for this client."""
        return all(match(hello, local_ip, remote_ip) for match in self.matchers)


class Choice(Record):
    """What is chosen for a client."""

    policy: Policy
    certificate: Certificate


class Encryption:
    """The policies of one server, in order, and the certificates for them."""

    def __init__(
        self,
        policies: Iterable[Policy],
        ring: Ring | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.policies = tuple(policies)
        self._named, self._others = _by_name(self.policies)
        self.ring = ring if ring is not None else Ring()
        self._now = now
        self._contexts = Contexts()

    def choose(self, hello: Hello, local_ip: str, remote_ip: str) -> Choice | None:
        """Return what is chosen for a client; `None` if it has to be waited for (`seek`).

        Addresses are those of the connection, those of IPv4 unmapped. Raises
        `RefusedHandshakeError`.
        """
        policy = self._policy(hello, local_ip, remote_ip)
        picked = pick(self.ring, policy.wanted, hello, local_ip, self._now())
        if not picked.matched and self._sought(policy, hello, local_ip):
            return None
        return _choice(policy, picked, hello)

    async def seek(self, hello: Hello, local_ip: str, remote_ip: str) -> Choice:
        """Return the same, waiting for a certificate that may come. Raises the same."""
        policy = self._policy(hello, local_ip, remote_ip)
        picked = pick(self.ring, policy.wanted, hello, local_ip, self._now())
        name = "" if picked.matched else self._sought(policy, hello, local_ip)
        if name:
            found = await self.ring.seek(name, Visitor(remote_ip, local_ip, hello))
            if found is not None:
                picked = Picked(found, matched=True)
        return _choice(policy, picked, hello)

    def engine(self, choice: Choice, hello: Hello) -> Engine:
        """Return what does the handshake that was chosen. Raises `RefusedHandshakeError`."""
        return self._contexts.engine(choice.policy.terms, choice.certificate, hello)

    def _policy(self, hello: Hello, local_ip: str, remote_ip: str) -> Policy:
        named = self._named.get(hello.server_name, ())
        # Policies are asked in their order, but those that are for other names are not asked.
        for index in merge(named, self._others):
            policy = self.policies[index]
            if policy.matches(hello, local_ip, remote_ip):
                if policy.drop:
                    raise RefusedHandshakeError("a policy drops this connection")
                terms = policy.terms
                if not any(terms.minimum <= each <= terms.maximum for each in hello.versions):
                    raise RefusedHandshakeError(
                        "the client speaks none of our versions of TLS", PROTOCOL_VERSION
                    )
                return policy
        raise RefusedHandshakeError("no policy is for this connection")

    def _sought(self, policy: Policy, hello: Hello, local_ip: str) -> str:
        """Return the name for which a certificate may come; empty if none may."""
        name = hello.server_name or policy.wanted.default_name or local_ip
        return name if self.ring.may_come(name) and qualifies(name) else ""


def _by_name(policies: Sequence[Policy]) -> tuple[dict[str, list[int]], list[int]]:
    """Return which policies are for a name, and which for any or for many."""
    named: dict[str, list[int]] = {}
    others: list[int] = []
    for index, policy in enumerate(policies):
        sni = next((each for each in policy.matchers if isinstance(each, Named)), None)
        if sni is None or sni.wild:
            others.append(index)
            continue
        for name in sni.names:
            named.setdefault(name, []).append(index)
    return named, others


def _choice(policy: Policy, picked: Picked, hello: Hello) -> Choice:
    if picked.certificate is None:
        name = hello.server_name or "no name"
        raise RefusedHandshakeError(f"there is no certificate for {name}")
    return Choice(policy, picked.certificate)


def protocol_for(ours: tuple[str, ...], hello: Hello) -> str:
    """Return the application protocol for a client: the first of ours that it has (RFC 7301).

    Empty if one of the two has none. Raises `RefusedHandshakeError` if they have none in common.
    """
    if not ours or not hello.alpn:
        return ""
    for protocol in ours:
        if protocol in hello.alpn:
            return protocol
    # As in Go: a server of HTTP/2 alone takes clients that only know what was before.
    if "h2" in ours and "http/1.1" in hello.alpn:
        return ""
    raise RefusedHandshakeError(
        "the client knows none of our application protocols", NO_APPLICATION_PROTOCOL
    )


async def provision_policies(
    ctx: Context, policies: tuple[ConnectionPolicy, ...], tls_app: TLSApp | None
) -> Encryption:
    """Provision the policies of a server; `ctx` is where they stand. Raises `ConfigError`."""
    found = [
        await _provision_policy(ctx.at(index), policy, tls_app)
        for index, policy in enumerate(policies)
    ]
    return Encryption(found, ctx.service(Ring))


async def _provision_policy(
    ctx: Context, policy: ConnectionPolicy, tls_app: TLSApp | None
) -> Policy:
    if policy.handshake_context is not None:
        raise ctx.at("handshake_context").fail(
            "handshake_context is not available in snake: certificates are had by the supervisor, "
            "which sees no handshakes"
        )
    matchers = [
        await ctx.at("match", name).load_named(raw, f"tls.handshake_match.{name}")
        for name, raw in policy.match.items()
    ]
    return Policy(
        tuple(matchers),
        await read_terms(ctx, policy, tls_app),
        Wanted(policy.certificate_selection, policy.default_sni, policy.fallback_sni),
        policy.drop,
    )
