"""Names: what a certificate is ordered for (RFC 8555 §9.7.7, RFC 8738)."""

from __future__ import annotations

import ipaddress

from snake.acme.resources import DNS, IP


def identifiers(names: tuple[str, ...]) -> list[dict[str, str]]:
    """Return names as an order has them."""
    return [{"type": IP if is_ip(name) else DNS, "value": name} for name in names]


def is_ip(name: str) -> bool:
    """Whether a name is an IP address."""
    return _address(name) is not None


def arpa(address: str) -> str:
    """Return the name of an address in the reverse DNS."""
    return ipaddress.ip_address(address).reverse_pointer


def from_arpa(name: str) -> str | None:
    """Return the address that a name in the reverse DNS is for; `None` if it is for none."""
    labels = name.split(".")[:-2][::-1]
    if name.endswith(".in-addr.arpa"):
        found = _address(".".join(labels))
    elif name.endswith(".ip6.arpa"):
        text = "".join(labels)
        found = _address(":".join(text[at : at + 4] for at in range(0, len(text), 4)))
    else:
        return None
    return str(found) if found is not None else None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
