"""Host and port: the parts of a Host header."""

from __future__ import annotations


def split_port(hostport: str) -> tuple[str, str]:
    """Split `host:port` or `[v6]:port`; the port is empty when there is none."""
    if hostport.startswith("["):
        host, _, rest = hostport[1:].partition("]")
        return host, rest.removeprefix(":")
    if hostport.count(":") > 1:
        return hostport, ""
    host, _, port = hostport.partition(":")
    return host, port
