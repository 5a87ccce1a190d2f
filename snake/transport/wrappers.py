"""Listener wrappers: what reads the bytes of a connection before HTTP does.

Source: https://caddyserver.com/docs/caddyfile/options#listener-wrappers.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Any, Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.config.struct import Duration, seconds
from snake.core.check import Checked
from snake.core.errors import SnakeError
from snake.core.modules import Context, Module
from snake.core.suggest import suggestion
from snake.core.units import SECOND, duration
from snake.transport import http_redirect, proxy_protocol
from snake.transport.admission import ListenerWrapper

_BITS = re.compile(r"/(?:0|[1-9]\d{0,2})\Z")
_TIMEOUT = 10 * SECOND
"""For a PROXY header, in nanoseconds."""
_HEADER_SIZE = 16_384
"""Bytes of the head of a request that is redirected, as for all others (Caddy: 1 MiB)."""
_LARGEST_HEADER = 1_048_576
_PATIENCE = 60.0
"""Seconds in which such a head must come, as for all others."""
_POLICIES = ("IGNORE", "USE", "REJECT", "REQUIRE", "SKIP")


def _policy(text: str) -> str:
    """Return the name of a policy, which may be written in any case. Raises `SnakeError`."""
    name = text.upper()
    if name not in _POLICIES:
        raise SnakeError(
            f"{text} is invalid policy{suggestion(name, _POLICIES)}; one of {', '.join(_POLICIES)}"
        )
    return name


class ProxyProtocol(Module):
    """The JSON of `caddy.listeners.proxy_protocol`: the client's address from a proxy's header."""

    id = "caddy.listeners.proxy_protocol"

    timeout: Duration = 0
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    fallback_policy: Annotated[str, Checked(_policy)] = ""

    async def provision(self, ctx: Context) -> ListenerWrapper:
        """Read the networks."""
        timeout = seconds(self.timeout or _TIMEOUT, ctx.at("timeout").path)
        policy = _policy(self.fallback_policy or _POLICIES[0])
        return proxy_protocol.ProxyProtocol(
            [_network(ctx.at("allow", index), text) for index, text in enumerate(self.allow)],
            [_network(ctx.at("deny", index), text) for index, text in enumerate(self.deny)],
            proxy_protocol.Policy[policy],
            timeout,
        )

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `proxy_protocol { timeout; allow; deny; fallback_policy }`."""
        del guests
        if line.args:
            line.args[0].fail(f"proxy_protocol takes no argument, got {line.args[0]}")
        fields: dict[str, Any] = {}
        for sub in subdirectives(line, ("timeout", "allow", "deny", "fallback_policy")):
            if sub.name == "timeout":
                fields["timeout"] = sub.read(sub.take("a duration"), duration)
            elif sub.name == "fallback_policy":
                policy = sub.read(sub.take("a policy"), _policy)
                # The first one is what Caddy leaves out of the JSON.
                fields["fallback_policy"] = "" if policy == _POLICIES[0] else policy
            else:
                ranges = (word.text for word in sub.all())
                fields[sub.name] = (*fields.get(sub.name, ()), *ranges)
        return cls(**fields)


def _network(ctx: Context, text: str) -> proxy_protocol.Network:
    """Read a network in CIDR notation. Raises `ConfigError`."""
    if not _BITS.search(text):
        raise ctx.fail(f"{text}: a network has its bits at the end, such as 10.0.0.0/8")
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise ctx.fail(f"{text}: {error}") from None


class HTTPRedirect(Module):
    """The JSON of `caddy.listeners.http_redirect`: HTTP on a port for HTTPS is redirected."""

    id = "caddy.listeners.http_redirect"

    max_header_bytes: int = 0

    async def provision(self, ctx: Context) -> ListenerWrapper:
        """Set the limits."""
        if self.max_header_bytes < 0:
            raise ctx.at("max_header_bytes").fail("a size is not below 0")
        size = min(self.max_header_bytes or _HEADER_SIZE, _LARGEST_HEADER)
        return http_redirect.HTTPRedirect(size, _PATIENCE)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `http_redirect`; what else stands on the line says nothing."""
        del line, guests
        return cls()


class TLS(Module):
    """The JSON of `caddy.listeners.tls`: where among the wrappers TLS is ended."""

    id = "caddy.listeners.tls"

    async def provision(self, ctx: Context) -> None:
        """Mark the place, where nothing is to be ended as long as a server has no TLS."""
        del ctx

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `tls`; what else stands on the line says nothing."""
        del line, guests
        return cls()
