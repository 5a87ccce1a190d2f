"""Network proxies: what an upstream is reached through.

Syntax, inside `transport http`::

    network_proxy none
    network_proxy url <url>

Only `none` runs, and it is the default: proxies that the environment names (`HTTP_PROXY`) are not
asked.
"""

from __future__ import annotations

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.core.modules import Context, Module


class NoProxy(Module):
    """The JSON of `caddy.network_proxy.none`: not even the one that the environment names."""

    id = "caddy.network_proxy.none"

    async def provision(self, ctx: Context) -> None:
        """Let upstreams be reached without a proxy."""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> NoProxy:
        """Read `none`; Caddy looks at nothing that follows."""
        del line, guests
        return cls()


class ProxyURL(Module, omit_defaults=False):
    """The JSON of `caddy.network_proxy.url`."""

    id = "caddy.network_proxy.url"

    url: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> ProxyURL:
        """Read `url <url>`. Without one, Caddy takes whatever word is the next."""
        del guests
        nothing = "{" if line.lines else line.name
        return cls(url=line.args[0].text if line.args else nothing)
