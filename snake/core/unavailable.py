"""Unavailable: names of Caddy's that this version of snake does not have.

They are no typing mistakes, and nobody is helped by the name nearest to them.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNAVAILABLE = {
    "directive": _names(
        """
        tls
        """
    ),
    "global option": _names(
        """
        acme_ca acme_ca_root acme_dns acme_eab cert_issuer cert_lifetime default_sni dns ech
        email fallback_sni key_type local_certs ocsp_interval ocsp_stapling on_demand_tls
        preferred_chains renew_interval renewal_window_ratio storage_check
        storage_clean_interval tls_resolvers
        """
    ),
    "matcher": frozenset(),
    "module": frozenset(),
}
"""By kind of name, all that Caddy 2.11 ships and this table's readers can come across."""


def unavailable(kind: str, name: str) -> str:
    """Return what to say of a name; nothing for one that Caddy does not know either."""
    if name in UNAVAILABLE[kind]:
        return f"{name}: this {kind} of Caddy's is not in this version of snake"
    return ""
