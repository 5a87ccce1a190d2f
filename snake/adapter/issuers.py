"""Issuers: who issues the certificates of some subjects, with what the global options add.

An issuer of the option `cert_issuer` is one thing that all sites have: what one of
them adds to it, all have. So an issuer here is a cell whose module is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from snake.acme.challenges import Challenges, DNSChallenge, HTTPChallenge, TLSALPNChallenge
from snake.adapter.addresses import Bind
from snake.caddyfile.segments import Token
from snake.core.modules import Module, to_json
from snake.issuers.acme import ACME
from snake.issuers.inherit import default_issuers

DEFAULTS = ("acme_ca", "acme_ca_root", "acme_dns", "acme_eab", "preferred_chains")
"""The options that are the defaults of ACME issuers, and make a policy of their own."""


class Issuer:
    """One issuer. Two are equal if their modules are."""

    __slots__ = ("_filled", "_json", "module")

    def __init__(self, module: Module) -> None:
        self.module = module
        self._filled = False
        self._json: msgspec.Raw | None = None

    def bind(self, bind: Bind) -> None:
        """Answer challenges on the first address, unless another was set before."""
        acme = self.module
        if not isinstance(acme, ACME):
            return
        challenges = acme.challenges or Challenges()
        host = challenges.bind_host or next(iter(bind.addresses), "")
        self.module = replace(acme, challenges=replace(challenges, bind_host=host))

    def fill(self, options: Mapping[str, Any]) -> None:
        """Add what the global options say and it does not. Raises `CaddyfileError`."""
        if isinstance(self.module, ACME) and not self._filled:
            self.module = _filled(self.module, options)
        self._filled = True

    @property
    def json(self) -> msgspec.Raw:
        """Its JSON, once it is complete."""
        if self._json is None:
            self._json = to_json(self.module, "module")
        return self._json


class Issuers:
    """The issuers of one adaptation; each module is one issuer wherever it turns up."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._found: dict[int, Issuer] = {}
        self._default: list[Issuer] | None = None

    def of(self, modules: Sequence[Module]) -> list[Issuer]:
        """Return the issuers that these modules are."""
        return [self._found.setdefault(id(module), Issuer(module)) for module in modules]

    @property
    def default(self) -> list[Issuer]:
        """Those of public names that have none, if options say anything of ACME."""
        if self._default is None:
            modules = default_issuers(self._options.get("email", ""))
            if "acme_ca" in self._options:
                modules = (ACME(),)
            self._default = [Issuer(module) for module in modules]
        return self._default


def _filled(acme: ACME, options: Mapping[str, Any]) -> ACME:
    root = options.get("acme_ca_root")
    roots = acme.trusted_roots_pem_files
    return replace(
        acme,
        email=acme.email or options.get("email", ""),
        ca=acme.ca or options.get("acme_ca", ""),
        trusted_roots_pem_files=roots if root is None or root in roots else (*roots, root),
        external_account=acme.external_account or options.get("acme_eab"),
        preferred_chains=acme.preferred_chains or options.get("preferred_chains"),
        certificate_lifetime=acme.certificate_lifetime or options.get("cert_lifetime", 0),
        challenges=_challenges(acme.challenges, options),
    )


def _challenges(given: Challenges | None, options: Mapping[str, Any]) -> Challenges | None:
    challenges = _with_dns(given, options)
    if challenges is None or challenges.dns is None:
        challenges = _with_ports(challenges, options)
        binds: Sequence[Bind] = options.get("default_bind", ())
        if binds and binds[0].addresses and not (challenges and challenges.bind_host):
            challenges = replace(challenges or Challenges(), bind_host=binds[0].addresses[0])
    return challenges


def _with_dns(challenges: Challenges | None, options: Mapping[str, Any]) -> Challenges | None:
    dns = challenges.dns if challenges else None
    wanted: msgspec.Raw | Token | None = options.get("acme_dns")
    if wanted is not None and (dns is None or dns.provider is None):
        if isinstance(wanted, Token):
            if "dns" not in options:
                wanted.fail(
                    "acme_dns specified without DNS provider config, but no provider specified "
                    "with 'dns' global option"
                )
            dns = dns or DNSChallenge()
        else:
            dns = replace(dns or DNSChallenge(), provider=wanted)
    resolvers = options.get("tls_resolvers", ())
    if dns is None:
        return challenges
    if (wanted is not None or dns.provider is not None) and not dns.resolvers:
        dns = replace(dns, resolvers=resolvers)
    return replace(challenges or Challenges(), dns=dns)


def _with_ports(challenges: Challenges | None, options: Mapping[str, Any]) -> Challenges | None:
    """Add the ports of the options `http_port` and `https_port`, where challenges arrive."""
    if "http_port" in options:
        challenges = challenges or Challenges()
        http = challenges.http or HTTPChallenge()
        port = http.alternate_port or options["http_port"]
        challenges = replace(challenges, http=replace(http, alternate_port=port))
    if "https_port" in options:
        challenges = challenges or Challenges()
        alpn = challenges.tls_alpn or TLSALPNChallenge()
        port = alpn.alternate_port or options["https_port"]
        challenges = replace(challenges, tls_alpn=replace(alpn, alternate_port=port))
    return challenges
