"""Listener wrappers: what reads the bytes of a connection before HTTP does.

Source: https://caddyserver.com/docs/caddyfile/options#listener-wrappers.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.config.struct import Duration
from snake.core.check import Checked
from snake.core.errors import SnakeError
from snake.core.modules import Module
from snake.core.suggest import suggestion
from snake.core.units import duration

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


class HTTPRedirect(Module):
    """The JSON of `caddy.listeners.http_redirect`: HTTP on a port for HTTPS is redirected."""

    id = "caddy.listeners.http_redirect"

    max_header_bytes: int = 0

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `http_redirect`; what else stands on the line says nothing."""
        del line, guests
        return cls()


class TLS(Module):
    """The JSON of `caddy.listeners.tls`: where among the wrappers TLS is ended."""

    id = "caddy.listeners.tls"

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `tls`; what else stands on the line says nothing."""
        del line, guests
        return cls()
