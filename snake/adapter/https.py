"""Which of a server's sites are HTTPS, and what that writes into the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from snake.adapter.addresses import Address, Ports, uses_other_port
from snake.adapter.listening import AdaptedSite
from snake.config.http import AutoHTTPS
from snake.config.tls import ConnectionPolicy


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


def tls_policies(
    sites: Sequence[AdaptedSite], automatic: AutoHTTPS | None, ports: Ports
) -> tuple[ConnectionPolicy, ...]:
    """Return one empty policy where TLS is asked for and automatic HTTPS would not turn it on."""
    skip = automatic.skip if automatic else ()
    wanted = any(
        address.scheme == "https"
        or (
            address.scheme != "http"
            and address.port != ports.http
            and address.host
            and address.host not in skip
        )
        for address in _addresses(sites)
    )
    implied = not (automatic and automatic.disable) and all(
        address.port == ports.https or (address.port != ports.http and address.host)
        for address in _addresses(sites)
    )
    return (ConnectionPolicy(),) if wanted and not implied else ()


def check_schemes(listen: Sequence[str], sites: Sequence[AdaptedSite], ports: Ports) -> None:
    """Refuse HTTP and HTTPS on one server. Raises `CaddyfileError`."""
    kind = ""
    for address in _addresses(sites):
        this = _kind(address, ports)
        if kind and this and kind != this:
            hint = "try specifying https:// in the address"
            address.key.fail(
                f"server listening on [{' '.join(listen)}] is configured for {kind} and cannot "
                f"natively multiplex HTTP and HTTPS: {address.key}",
                hint if this == "HTTP" and not (address.scheme or address.host) else "",
            )
        kind = kind or this


def _kind(address: Address, ports: Ports) -> str:
    """Return which of the two an address asks for; nothing if it goes along with either."""
    if address.scheme == "http" or address.port == ports.http:
        return "HTTP"
    if address.scheme == "https" or address.port == ports.https:
        return "HTTPS"
    return "" if address.host else "HTTP"


def _addresses(sites: Sequence[AdaptedSite]) -> list[Address]:
    return [address for site in sites for address in site.addresses]
