"""Which of a server's sites are HTTPS, and what that writes into the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from snake.adapter.addresses import Address, Ports, uses_other_port
from snake.adapter.listening import AdaptedSite
from snake.config.http import AutoHTTPS


def automatic_https(
    listen: Sequence[str], sites: Sequence[AdaptedSite], options: Mapping[str, Any], ports: Ports
) -> AutoHTTPS | None:
    """Return how a server takes part in automatic HTTPS; `None` when it has nothing to say.

    Hosts written with `http://` are skipped where there could be HTTPS.
    """
    modes = options.get("auto_https", ())
    skip: dict[str, None] = {}
    if uses_other_port(listen, ports.http):
        skip = {
            address.host: None
            for address in _addresses(sites)
            if address.scheme == "http" and address.host
        }
    automatic = AutoHTTPS(
        disable="off" in modes,
        disable_redirects="disable_redirects" in modes,
        disable_certificates="disable_certs" in modes,
        skip=tuple(skip),
        ignore_loaded_certificates="ignore_loaded_certs" in modes,
    )
    return automatic if automatic != AutoHTTPS() else None


def wants_tls(sites: Sequence[AdaptedSite], automatic: AutoHTTPS | None, ports: Ports) -> bool:
    """Whether any address asks for TLS; those with `http://` before it have set hosts apart."""
    skip: set[str] = set()
    for site in sites:
        directive = bool(site.results.tls)
        for address in site.addresses:
            if automatic and address.scheme == "http" and address.host in automatic.skip:
                skip.add(address.host)
            enabled = directive or (address.host and address.host not in skip)
            if address.scheme == "https" or (
                address.scheme != "http" and address.port != ports.http and enabled
            ):
                return True
    return False


def is_automatic(sites: Sequence[AdaptedSite], automatic: AutoHTTPS | None, ports: Ports) -> bool:
    """Whether automatic HTTPS turns TLS on without being told."""
    return not (automatic and automatic.disable) and all(
        address.port == ports.https or (address.port != ports.http and address.host)
        for address in _addresses(sites)
    )


def check_schemes(
    listen: Sequence[str], sites: Sequence[AdaptedSite], ports: Ports, *, encrypted: bool
) -> None:
    """Refuse HTTP and HTTPS on one server, which is `encrypted` if it has TLS settings.

    Raises `CaddyfileError`.
    """
    kind = ""
    for address in _addresses(sites):
        this = _kind(address, ports, encrypted=encrypted)
        if kind and this and kind != this:
            hint = "try specifying https:// in the address"
            address.key.fail(
                f"server listening on [{' '.join(listen)}] is configured for {kind} and cannot "
                f"natively multiplex HTTP and HTTPS: {address.key}",
                hint if this == "HTTP" and not (address.scheme or address.host) else "",
            )
        if this == "HTTP" and encrypted:
            address.key.fail(
                f"server listening on [{' '.join(listen)}] is HTTP, but attempts to configure "
                f"TLS connection policies: {address.key}",
                "tls belongs to a site with https:// or another port in its address",
            )
        kind = kind or this


def _kind(address: Address, ports: Ports, *, encrypted: bool) -> str:
    """Return which of the two an address asks for; nothing if it goes along with either."""
    if address.scheme == "http" or address.port == ports.http:
        return "HTTP"
    if address.scheme == "https" or address.port == ports.https or encrypted:
        return "HTTPS"
    return "" if address.host else "HTTP"


def _addresses(sites: Sequence[AdaptedSite]) -> list[Address]:
    return [address for site in sites for address in site.addresses]
