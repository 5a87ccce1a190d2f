"""Which DNS servers are asked for the addresses of upstreams."""

from __future__ import annotations

from snake.config.struct import Config


class UpstreamResolver(Config):
    """The JSON of a resolver: network addresses, `udp/1.1.1.1:53` or shorter."""

    addresses: tuple[str, ...] = ()
