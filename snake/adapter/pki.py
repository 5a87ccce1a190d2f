"""The certificate authorities that options and directives ask for: the `pki` app."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from snake.adapter.listening import Listening
from snake.config.pki import CA, PKIApp
from snake.issuers.internal import Internal

DEFAULT_CA = "local"
"""The authority that is meant where none is named."""


def pki_app(listening: Sequence[Listening], options: Mapping[str, Any]) -> PKIApp | None:
    """Return the `pki` app; `None` when nothing is to be said of any authority.

    An authority that a directive names exists, if the option `pki` does not have it.
    """
    option: PKIApp = options.get("pki") or PKIApp()
    authorities = dict(option.certificate_authorities)
    for server in listening:
        for site in server.sites:
            for value in site.results.authorities:
                authorities.setdefault(value.name, CA())
    if "skip_install_trust" in options:
        for name in _issuing(listening):
            authorities.setdefault(name, CA())
        if not authorities and "off" not in options.get("auto_https", ()):
            authorities[DEFAULT_CA] = CA()
        authorities = {name: replace(ca, install_trust=False) for name, ca in authorities.items()}
    return PKIApp(authorities) if authorities else None


def _issuing(listening: Sequence[Listening]) -> Iterator[str]:
    """Yield the authorities that issue for sites by their `tls` lines."""
    lines = (line for server in listening for site in server.sites for line in site.results.tls)
    for issuer in (issuer for line in lines for issuer in line.issuers):
        if isinstance(issuer, Internal):
            yield issuer.ca or DEFAULT_CA
