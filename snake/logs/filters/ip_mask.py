"""The filter ip_mask: IP addresses without their last bits."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment, Token
from snake.caddyfile.words import subdirectives
from snake.core.modules import Context
from snake.core.numbers import NumberError, integer
from snake.logs.filters.contract import Filter, FilterModule, on_text

_NOTHING = "<nil>"
"""What Caddy logs instead of an address whose kind has no mask."""


class IPMask(FilterModule):
    """The JSON of `caddy.logging.encoders.filter.ip_mask`: how many bits of an address are shown.

    The text may be several addresses with commas between them, and each may have a port.
    """

    id = "caddy.logging.encoders.filter.ip_mask"

    ipv4_cidr: int = 0
    ipv6_cidr: int = 0

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `ip_mask [<ipv4> [<ipv6>]] { ipv4 <bits>; ipv6 <bits> }`."""
        del guests
        if len(line.args) > len(_FIELDS):
            line.args[len(_FIELDS)].fail(f"{line.name} takes two numbers of bits at most")
        given = zip(_FIELDS.values(), line.args, strict=False)
        fields = {field: _bits(token) for field, token in given}
        for sub in subdirectives(line, _FIELDS):
            fields[_FIELDS[sub.name]] = _bits(sub.take("a number of bits"))
        return cls(**fields)

    async def provision(self, ctx: Context) -> Filter:
        """Return the filter."""
        del ctx
        return on_text(lambda text: ", ".join(map(self._masked, text.split(","))))

    def _masked(self, text: str) -> str:
        text = text.strip()
        host, port = _split(text)
        try:
            address = ip_address(host)
        except ValueError:
            return text
        if isinstance(address, IPv6Address):
            if "%" in host:
                return text
            address = address.ipv4_mapped or address
        bits = self.ipv4_cidr if isinstance(address, IPv4Address) else self.ipv6_cidr
        if not 0 < bits <= address.max_prefixlen:
            shown = _NOTHING
        else:
            rest = address.max_prefixlen - bits
            shown = str(type(address)(int(address) >> rest << rest))
        if not port:
            return shown
        return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


_FIELDS = {"ipv4": "ipv4_cidr", "ipv6": "ipv6_cidr"}


def _bits(token: Token) -> int:
    try:
        return integer(token.text)
    except NumberError as error:
        token.fail(f"ip_mask: {error}", "expected a number of bits, like 16")


def _split(text: str) -> tuple[str, str]:
    """Take the port off an address; an IPv6 address that has one stands in brackets."""
    host, colon, port = text.rpartition(":")
    if text.startswith("["):
        return (host[1:-1], port) if host.endswith("]") else (text, "")
    return (host, port) if colon and ":" not in host else (text, "")
