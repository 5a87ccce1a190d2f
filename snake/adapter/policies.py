"""The `tls` app: what the sites and the global options say about certificates.

Automatic HTTPS finds most names by itself, in the host matchers. Written down
are only those that it cannot see, and those whose certificates are had in another
way than without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from snake.adapter.addresses import Address, Ports, uses_other_port
from snake.adapter.automation import INTERNAL, Policy
from snake.adapter.consolidation import consolidate
from snake.adapter.directive import Loaded, TLSValue
from snake.adapter.issuers import DEFAULTS, Issuers
from snake.adapter.listening import AdaptedSite, Listening
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.segments import Token
from snake.config.tls import ECH, Automation, AutomationPolicy, TLSApp
from snake.core.modules import Module
from snake.issuers.internal import Internal
from snake.tls import subjects

_OPTIONS = ("cert_issuer", "local_certs", "key_type", "ocsp_stapling", "renewal_window_ratio")
"""The options that make a policy for all subjects that have none, beside those of ACME."""


def tls_app(servers: Sequence[Listening], options: Mapping[str, Any]) -> TLSApp | None:
    """Return the `tls` app of the document; `None` when it needs none. Raises `CaddyfileError`."""
    app = _App(servers, options).build()
    return app if app != TLSApp() else None


class _App:
    """Makes the app of one document."""

    def __init__(self, servers: Sequence[Listening], options: Mapping[str, Any]) -> None:
        self._servers = servers
        self._options = options
        self._ports = Ports.of(options)
        self._modes: Sequence[str] = options.get("auto_https", ())
        self._issuers = Issuers(options)
        self._local = (Internal(),)
        self._policies: list[Policy] = []
        self._for_every_host: Policy | None = None
        self._forced: set[str] = set()
        self._loaded: dict[str, list[msgspec.Raw]] = {}

    def build(self) -> TLSApp:
        """Return it."""
        options = self._options
        if any(name in options for name in (*_OPTIONS, *DEFAULTS)):
            self._for_every_host = self._base()
            self._policies.append(self._for_every_host)
        for server in self._servers:
            if uses_other_port(server.listen, self._ports.http):
                for site in server.sites:
                    self._add(site)
        ech: ECH | None = options.get("ech")
        if ech is not None:
            public = [config.public_name for config in ech.configs if config.public_name]
            self._policies.append(self._base(public))
        return TLSApp(
            certificates=self._certificates(),
            automation=self._automation(),
            disable_ocsp_stapling="ocsp_stapling" in options,
            disable_storage_check="storage_check" in options,
            disable_storage_clean=options.get("storage_clean_interval", 0) is None,
            encrypted_client_hello=ech,
            dns=options.get("dns"),
            resolvers=options.get("tls_resolvers", ()),
        )

    def _base(self, names: Sequence[str] = ()) -> Policy:
        """Return a policy that says what the global options do."""
        options = self._options
        local: Token | None = options.get("local_certs")
        if local is not None and "cert_issuer" in options:
            local.fail(
                "global options are ambiguous: local_certs is confusing when combined with "
                "cert_issuer, because local_certs is also a specific kind of issuer"
            )
        modules: Sequence[Module] = options.get("cert_issuer", ())
        issuers = self._issuers.of(self._local if local is not None else modules)
        if any(name in options for name in DEFAULTS):
            for issuer in issuers:
                issuer.fill(options)
        return Policy(
            subjects=list(names),
            issuers=issuers,
            key_type=options.get("key_type", ""),
            renewal_window_ratio=options.get("renewal_window_ratio", 0),
            disable_ocsp_stapling="ocsp_stapling" in options,
        )

    def _add(self, site: AdaptedSite) -> None:
        """Add what a site says, in one policy, or in two if it has public and internal names."""
        if all(address.scheme == "http" for address in site.addresses):
            return
        policy = self._base()
        if not site.hosts:
            policy = self._for_every_host or policy
        self._say(policy, site)
        if not site.hosts:
            self._for_every_host = policy
        addresses = {address.host: address for address in _encrypted(site, self._ports)}
        policy.subjects = sorted(addresses)
        self._policies.append(policy)
        public, internal = self._split(policy, addresses)
        if public and internal:
            policy.subjects = public
            self._policies.append(
                msgspec.structs.replace(policy, subjects=internal, given=[INTERNAL])
            )
        for loaded in _loaded(site):
            self._loaded.setdefault(loaded.loader, []).extend(loaded.items)

    def _say(self, policy: Policy, site: AdaptedSite) -> None:
        """Put what the site's `tls` and `bind` lines say into its policy."""
        lines = site.results.tls
        if any(line.on_demand for line in lines):
            policy.on_demand = True
        if any(line.force_automate for line in lines):
            self._forced.update(site.hosts)
        if any(line.reuse_private_keys for line in lines):
            policy.reuse_private_keys = True
        ratio = self._options.get("renewal_window_ratio", policy.renewal_window_ratio)
        ratios = (line.renewal_window_ratio for line in lines if line.renewal_window_ratio)
        policy.renewal_window_ratio = next(ratios, ratio)
        types = (line.key_type for line in lines if line.key_type)
        policy.key_type = next(types, policy.key_type)
        self._set_issuers(policy, lines)
        policy.managers = [*policy.managers, *(raw for line in lines for raw in line.managers)]
        for bind in site.results.binds:
            for issuer in policy.issuers:
                issuer.bind(bind)

    def _set_issuers(self, policy: Policy, lines: Sequence[TLSValue]) -> None:
        issuers = [issuer for line in lines for issuer in self._issuers.of(line.issuers)]
        if not issuers:
            return
        before = [issuer.module for issuer in policy.issuers]
        after = [issuer.module for issuer in issuers]
        if policy is self._for_every_host and before != after:
            next(line for line in lines if line.issuers).token.fail(
                "automation policy from site block is also default/catch-all policy because of "
                "key without hostname, and the two are in conflict",
                "all sites without a host, and the global options, have the same issuers",
            )
        policy.issuers = issuers

    def _split(
        self, policy: Policy, addresses: Mapping[str, Address]
    ) -> tuple[list[str], list[str]]:
        """Tell public from internal names, if that decides who issues. Raises `CaddyfileError`."""
        public: list[str] = []
        internal: list[str] = []
        for subject in policy.subjects if not policy.issuers else ():
            if subjects.is_tailscale(subject):
                continue
            if not subjects.qualifies(subject):
                message = f"subject does not qualify for certificate: '{subject}'"
                addresses[subject].key.fail(message)
            (public if policy.is_public(subject) else internal).append(subject)
        return public, internal

    def _certificates(self) -> dict[str, msgspec.Raw]:
        """Return what is loaded, and the names that no matcher shows."""
        certificates = {
            loader: msgspec.Raw(msgspec.json.encode(items))
            for loader, items in self._loaded.items()
        }
        unseen: set[str] = set()
        if "off" not in self._modes and "disable_certs" not in self._modes:
            unseen = set(_unseen(self._servers, self._ports))
        if names := sorted(unseen | self._forced):
            certificates["automate"] = msgspec.Raw(msgspec.json.encode(names))
        internal = [name for name in sorted(unseen) if not subjects.qualifies_for_public(name)]
        if internal:
            self._policies.append(Policy(subjects=internal, given=[INTERNAL]))
        return certificates

    def _automation(self) -> Automation | None:
        options = self._options
        if any(name in options for name in ("email", *DEFAULTS)):
            for policy in self._policies:
                if not policy.issuers and policy.all_public:
                    policy.issuers = self._issuers.default
        for policy in self._policies:
            for issuer in policy.issuers:
                issuer.fill(options)
            policy.complete()
        kept = [policy.config() for policy in consolidate(self._policies)]
        _refuse_doubles(kept, self._servers)
        automation = Automation(
            policies=tuple(kept),
            on_demand=options.get("on_demand_tls"),
            ocsp_interval=options.get("ocsp_interval", 0),
            renew_interval=options.get("renew_interval", 0),
            storage_clean_interval=options.get("storage_clean_interval") or 0,
        )
        return automation if automation != Automation() else None


def _loaded(site: AdaptedSite) -> Iterator[Loaded]:
    for line in site.results.tls:
        yield from line.loaded


def _refuse_doubles(policies: Sequence[AutomationPolicy], servers: Sequence[Listening]) -> None:
    """Refuse a subject of two policies. Raises `CaddyfileError` at the address that names it."""
    counts = Counter(subject for policy in policies for subject in policy.subjects)
    subject = next((subject for subject, count in counts.items() if count > 1), None)
    if subject is None:
        return
    message = (
        "hostname appears in more than one automation policy, "
        f"making certificate management ambiguous: {subject}"
    )
    sites = (site for server in servers for site in server.sites)
    keys = (each.key for site in sites for each in site.addresses if each.host == subject)
    # The public name of the option `ech` may be no site's.
    key = next(keys, None)
    raise key.error(message) if key else CaddyfileError(message, "Caddyfile", 1)


def _unseen(servers: Sequence[Listening], ports: Ports) -> Iterator[str]:
    """Yield the hosts of sites that are for every host: no matcher names them."""
    for server in servers:
        for site in server.sites:
            if not site.hosts:
                yield from (address.host for address in _encrypted(site, ports))


def _encrypted(site: AdaptedSite, ports: Ports) -> list[Address]:
    return [
        address
        for address in site.addresses
        if address.host and address.scheme != "http" and address.port != ports.http
    ]
