"""Budget: how often something may happen, by a bucket of tokens that fills at a rate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network

_PREFIXES = {4: 24, 6: 64}
"""Bits of an address that are those of one network: what one client may have many of."""


class Budget:
    """Allows `burst` at once, and `rate` a second after that. Not used: it is full."""

    def __init__(self, burst: float, rate: float, now: Callable[[], float]) -> None:
        self._burst = burst
        self._rate = rate
        self._now = now
        self._left = burst
        self._since = now()

    @property
    def left(self) -> float:
        """How often it may happen now."""
        now = self._now()
        self._left = min(self._burst, self._left + max(0.0, now - self._since) * self._rate)
        self._since = now
        return self._left

    def spend(self) -> None:
        """Count what happens; what happens though nothing was left is to be made up for."""
        self._left = self.left - 1

    def refund(self) -> None:
        """Count what was spent as if it had not happened."""
        self._left = min(self._burst, self.left + 1)

    @property
    def wait(self) -> float:
        """Seconds until it may happen."""
        return max(0.0, (1 - self.left) / self._rate)


class Budgets:
    """A budget for each network of clients; `most` of them are kept, those used last."""

    def __init__(self, burst: float, rate: float, most: int, now: Callable[[], float]) -> None:
        self._burst = burst
        self._rate = rate
        self._most = most
        self._now = now
        self._kept: OrderedDict[str, Budget] = OrderedDict()

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)

    def of(self, client: str) -> Budget:
        """Return the budget of a client, by its IP address; all that is no address share one."""
        key = _network(client)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Budget(self._burst, self._rate, self._now)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return found


def _network(client: str) -> str:
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return ""
    # A socket for both has the addresses of IPv4 in those of IPv6 (RFC 4291 §2.5.5.2).
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ip_network((address, _PREFIXES[address.version]), strict=False))
