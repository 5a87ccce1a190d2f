"""Pool: the upstreams of one proxy as they run, and which of them gets a request."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from snake.core.dial import join_host_port, join_network, parse_network
from snake.core.network import AddressError
from snake.http.request import Request
from snake.http.template import Template
from snake.proxy.contract import DialInfo, UpstreamError


class Upstream:
    """One server, and what is known of it now."""

    __slots__ = ("_dial", "_fixed", "fails", "max_requests", "requests", "text")

    def __init__(self, dial: str, max_requests: int = 0) -> None:
        self.text = dial
        """The address as it is configured."""
        self._dial = Template(dial)
        constant = self._dial.constant
        self._fixed: DialInfo | None = None
        if constant is not None:
            try:
                self._fixed = dial_info(constant)
            except UpstreamError:
                self._fixed = None  # told when it is asked for, as in Caddy
        self.max_requests = max_requests
        """How many requests it gets at once; 0 is no limit."""
        self.requests = 0
        """How many it has now."""
        self.fails = 0
        """How often it failed lately."""

    def available(self) -> bool:
        """Whether it can be given a request."""
        return not self.max_requests or self.requests < self.max_requests

    def dial(self, request: Request) -> DialInfo:
        """Return where it is. Raises `UpstreamError` for placeholders that make no address."""
        return self._fixed or dial_info(self._dial.all(request))


Select = Callable[[Sequence[Upstream], Request], Upstream | None]
"""Chooses one that is available."""


class Pool:
    """Upstreams that are known from the start."""

    def __init__(self, upstreams: Sequence[Upstream], select: Select | None = None) -> None:
        self.upstreams = upstreams
        self._select = select or at_random
        self._only = upstreams[0] if len(upstreams) == 1 and select is None else None

    def select(self, request: Request) -> Upstream | None:
        """Return the upstream for a request, or `None` when none can have it."""
        only = self._only
        if only is not None:
            return only if only.available() else None
        return self._select(self.upstreams, request)


def at_random(upstreams: Sequence[Upstream], request: Request) -> Upstream | None:
    """Choose any of those that are available."""
    del request
    available = [each for each in upstreams if each.available()]
    return random.choice(available) if available else None  # noqa: S311


def dial_info(text: str) -> DialInfo:
    """Read the address of one socket. Raises `UpstreamError`."""
    try:
        address = parse_network(text)
    except AddressError as error:
        raise UpstreamError(f"upstream {text}: invalid dial address: {error}") from None
    if address.start_port != address.end_port:
        raise UpstreamError(f"upstream {text}: a range of ports is no address to dial")
    if address.is_unix or address.is_fd:
        path = address.host.partition("|")[0]
        return DialInfo(address.network, path, host=path)
    port = str(address.start_port)
    return DialInfo(address.network, join_host_port(address.host, port), address.host, port)


def network_address(to: DialInfo) -> str:
    """Write where an upstream is as Caddy does: `tcp/127.0.0.1:80`, `unix//run/x.sock`."""
    return join_network(to.network, to.host, to.port)
