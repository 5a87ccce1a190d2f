"""Subjects: the names that certificates are for, and who may issue for them.

Source: https://caddyserver.com/docs/automatic-https#hostname-requirements.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from snake.core.network import split_host_port

_INTERNAL = (".localhost", ".local", ".internal", ".home.arpa")
_UNFIT = re.compile(r"""[()\[\]{}<> \t\n"\\!@#$%^&|;'+=]""")
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "0.0.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("169.254.0.0/16", "::/7", "fe80::/10", "fc00::/7"),
    )
)


def qualifies(subject: str) -> bool:
    """Whether there can be a certificate for this name at all."""
    wildcard_first = "*" not in subject or subject.startswith("*.") or subject == "*"
    dots = subject.startswith(".") or subject.endswith(".")
    return bool(subject.strip()) and not dots and wildcard_first and not _UNFIT.search(subject)


def qualifies_for_public(subject: str) -> bool:
    """Whether a public authority may issue for this name as it stands."""
    wildcard = "*" in subject
    fit = subject.count("*") == 1 and subject.count(".") > 1 and subject.startswith("*.")
    return qualifies(subject) and not is_internal(subject) and (not wildcard or fit)


def is_tailscale(subject: str) -> bool:
    """Whether Tailscale has the certificate for this name."""
    return subject.lower().endswith(".ts.net")


def is_ip(subject: str) -> bool:
    """Whether this is an IP address."""
    return _ip(subject) is not None


def is_internal(subject: str) -> bool:
    """Whether this is a name or an address of a private network."""
    host = _host_only(subject)
    name = host.removesuffix(".").lower()
    if name == "localhost" or name.endswith(_INTERNAL):
        return True
    address = _ip(_host_only(name))
    return address is not None and any(address in network for network in _PRIVATE)


def patterns(subject: str) -> Iterator[str]:
    """Yield all that matches a name, in lower case: it, and it with wildcards for its first labels.

    Of two wildcards, the second stands in the label after the first.
    """
    host = _host_only(subject).lower()
    yield host
    labels = host.split(".")
    for index, label in enumerate(labels):
        if label:
            labels[index] = "*"
            yield ".".join(labels)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if ":" not in text and not text[-1:].isdigit():
        return None  # as nearly all are: an exception for each would take long
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    return None if address.scope_id is not None else address.ipv4_mapped or address


def _host_only(text: str) -> str:
    split = split_host_port(text)
    if split is not None:
        return split[0]
    return text[1:-1] if text.startswith("[") and text.endswith("]") and len(text) > 1 else text
