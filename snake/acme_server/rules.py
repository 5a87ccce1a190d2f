"""Rules: for which names an ACME server has certificates.

`*.example.com` is each name one label below; without the star it is the name itself.
Source: https://smallstep.com/docs/step-ca/policies/, which Caddy has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from snake.acme_server.refused import RefusedError
from snake.acme_server.resources import IP, Identifier
from snake.core.errors import SnakeError
from snake.core.record import Record

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST = 253
"""Characters of a name of the DNS."""

Network = IPv4Network | IPv6Network


class RuleError(SnakeError):
    """A rule that cannot be."""


class Names(Record):
    """Names and addresses."""

    domains: tuple[str, ...] = ()
    """In lower case; with a leading dot where one more label is wanted."""
    networks: tuple[Network, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.domains or self.networks)


def read_domain(text: str) -> str:
    """Return a domain as it is compared. Raises `RuleError`."""
    name = text.strip().lower()
    try:
        ascii_name = name.removeprefix("*.").encode("idna").decode() if name else ""
    except UnicodeError:
        ascii_name = ""
    if not _is_name(ascii_name):
        raise RuleError(f"no domain: {text!r}; write example.com, or *.example.com")
    return f".{ascii_name}" if name.startswith("*.") else ascii_name


def read_network(text: str) -> Network:
    """Return an address or a range of them. Raises `RuleError`."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise RuleError(f"no IP address and no range of them: {text!r}") from None


class Rules(Record):
    """What is allowed, and what is denied of it."""

    allow: Names = Names()
    deny: Names = Names()
    wildcards: bool = False
    """Whether names with a wildcard are among those."""

    @property
    def is_open(self) -> bool:
        """Whether everything is allowed. Then wildcards are, too."""
        return not self.allow and not self.deny

    def check(self, identifier: Identifier) -> None:
        """Let a name pass. Raises `RefusedError`."""
        if self.is_open:
            return
        name = identifier.value
        if identifier.type == IP:
            address = ip_address(name)
            denied = any(address in network for network in self.deny.networks)
            allowed = any(address in network for network in self.allow.networks)
        else:
            denied = self._matches(name, self.deny.domains)
            allowed = self._matches(name, self.allow.domains)
            # With no rule that could let it pass, one for other wildcards does not.
            denied = denied or (identifier.is_wildcard and not self.wildcards)
        if denied or (self.allow and not allowed):
            raise RefusedError("rejectedIdentifier", f"there are no certificates for {name}")

    def _matches(self, name: str, domains: Iterable[str]) -> bool:
        return any(
            name == domain or (domain.startswith(".") and name.partition(".")[2] == domain[1:])
            for domain in domains
        )


def read_identifier(type: str, value: str) -> Identifier:
    """Return a name that a client has sent, in lower case. Raises `RefusedError`."""
    if type == IP:
        try:
            address = ip_address(value)
        except ValueError:
            raise RefusedError("malformed", "no IP address") from None
        if "%" in value:
            raise RefusedError("malformed", "no IP address")
        return Identifier(IP, str(address))
    if type != "dns":
        raise RefusedError("unsupportedIdentifier", "identifiers are of the type dns or ip")
    name = value.lower()
    bare = name.removeprefix("*.")
    if not _is_name(bare) or _is_address(bare):
        raise RefusedError("malformed", "no name of the DNS")
    return Identifier("dns", name)


def _is_name(name: str) -> bool:
    labels = name.split(".")
    return len(name) <= _LONGEST and all(_LABEL.fullmatch(label) for label in labels)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return name.replace(".", "").isdigit()
    return True
