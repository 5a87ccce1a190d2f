"""Handshake matchers: which connections a policy is for."""

from __future__ import annotations

from snake.core.modules import Module


class SNI(Module):
    """The JSON of `tls.handshake_match.sni`: names that the client asks for."""

    id = "tls.handshake_match.sni"
    bare = "names"

    names: tuple[str, ...] = ()


class SNIRegexp(Module):
    """The JSON of `tls.handshake_match.sni_regexp`: such names, by a pattern."""

    id = "tls.handshake_match.sni_regexp"

    name: str = ""
    pattern: str = ""


class RemoteIP(Module):
    """The JSON of `tls.handshake_match.remote_ip`: where the client is."""

    id = "tls.handshake_match.remote_ip"

    ranges: tuple[str, ...] = ()
    not_ranges: tuple[str, ...] = ()


class LocalIP(Module):
    """The JSON of `tls.handshake_match.local_ip`: which address of ours it came to."""

    id = "tls.handshake_match.local_ip"

    ranges: tuple[str, ...] = ()
