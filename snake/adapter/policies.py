"""What the sites say about certificates: the `tls` app.

Automatic HTTPS finds most names by itself, in the host matchers. Written down
are only those that it cannot see, and internal names that share a site with
public ones, whose certificates come from another issuer.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from snake.adapter.addresses import Address, Ports, uses_other_port
from snake.adapter.listening import AdaptedSite, Listening
from snake.adapter.stable import stable_sorted
from snake.config.tls import TLSApp

_INTERNAL = (".localhost", ".local", ".internal", ".home.arpa")
_UNFIT = re.compile(r"""[()\[\]{}<> \t\n"\\!@#$%^&|;'+=]""")


@dataclass(frozen=True)
class Policy:
    """How the certificates of some subjects are had: from the default issuer or the internal."""

    subjects: tuple[str, ...]
    internal: bool = False

    @cached_property
    def names(self) -> frozenset[str]:
        """The subjects, to look one up."""
        return frozenset(self.subjects)

    @cached_property
    def patterns(self) -> tuple[frozenset[str], ...]:
        """For each subject what it matches: itself, and itself behind wildcards."""
        return tuple(frozenset(_patterns(subject)) for subject in self.subjects)

    @cached_property
    def issued(self) -> frozenset[bool]:
        """Whether a public authority issues for the subjects: one answer, or both."""
        return frozenset(map(_is_issued, self.subjects))

    def covers(self, other: Policy) -> bool:
        """Whether every subject of `other` is also one of this policy's."""
        if not self.subjects:
            return True
        return bool(other.subjects) and not any(map(self.names.isdisjoint, other.patterns))

    def json(self) -> dict[str, Any]:
        """Return it as the document has it."""
        issuers = {"issuers": [msgspec.Raw(b'{"module":"internal"}')]} if self.internal else {}
        return ({"subjects": self.subjects} if self.subjects else {}) | issuers


def tls_app(servers: Sequence[Listening], auto_https: Sequence[str], ports: Ports) -> TLSApp | None:
    """Return the `tls` app of the document; `None` when it needs none. Raises `CaddyfileError`."""
    app: dict[str, Any] = {}
    policies = _all_policies(servers, ports)
    unseen = sorted(set(_unseen(servers, ports)))
    if unseen and "off" not in auto_https and "disable_certs" not in auto_https:
        app["certificates"] = {"automate": unseen}
        internal = tuple(name for name in unseen if not _is_public(name))
        policies += [Policy(internal, internal=True)] if internal else []
    if kept := _consolidate(policies):
        _refuse_doubles(kept, servers)
        app["automation"] = {"policies": [policy.json() for policy in kept]}
    return msgspec.json.decode(msgspec.json.encode(app), type=TLSApp) if app else None


def _all_policies(servers: Sequence[Listening], ports: Ports) -> list[Policy]:
    """Return the policies of all sites. Those that are for every host have one, of the last."""
    policies: list[Policy | None] = []
    for_every_host = Policy(())
    for server in servers:
        if not uses_other_port(server.listen, ports.http):
            continue
        for site in server.sites:
            own = _site_policies(site, ports)
            if own and not site.hosts:
                for_every_host = own[0]
                own = own[1:]
                policies.append(None)
            policies += own
    return [policy or for_every_host for policy in policies]


def _refuse_doubles(policies: Sequence[Policy], servers: Sequence[Listening]) -> None:
    """Refuse a subject of two policies. Raises `CaddyfileError` at the address that names it."""
    seen: set[str] = set()
    for policy in policies:
        for subject in policy.subjects:
            if subject in seen:
                sites = (site for server in servers for site in server.sites)
                addresses = (address for site in sites for address in site.addresses)
                next(address for address in addresses if address.host == subject).key.fail(
                    "hostname appears in more than one automation policy, "
                    f"making certificate management ambiguous: {subject}"
                )
            seen.add(subject)


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


def _site_policies(site: AdaptedSite, ports: Ports) -> list[Policy]:
    """Return the policy of a site, in two if it has both public and internal names."""
    if all(address.scheme == "http" for address in site.addresses):
        return []
    addresses = {address.host: address for address in _encrypted(site, ports)}
    subjects = tuple(sorted(addresses))
    public: list[str] = []
    internal: list[str] = []
    for subject in subjects:
        if subject.endswith(".ts.net"):
            continue
        if not _qualifies(subject):
            addresses[subject].key.fail(f"subject does not qualify for certificate: '{subject}'")
        (public if _is_issued(subject) else internal).append(subject)
    if public and internal:
        return [Policy(tuple(public)), Policy(tuple(internal), internal=True)]
    return [Policy(subjects)]


def _consolidate(policies: Sequence[Policy]) -> list[Policy]:
    """Sort policies from special to general, and join those that do the same.

    The first policy that has a subject applies, so one without subjects, which
    applies to all others, swallows only those that no other stands behind.
    Source: https://caddyserver.com/docs/json/apps/tls/automation/policies/.
    """
    if not any(policy.internal for policy in policies):
        return []
    kept = _without_idle(stable_sorted(policies, _before))
    done: list[Policy] = []
    while kept:
        joined, kept = _join(kept[0], kept[1:])
        done += [joined] if joined else []
    return done


def _before(a: Policy, b: Policy) -> bool:
    if b.covers(a):
        return True
    return not a.covers(b) and len(a.subjects) > len(b.subjects)


def _without_idle(policies: Sequence[Policy]) -> list[Policy]:
    """Drop default policies that no other one would overrule."""
    by_name: dict[str, list[int]] = {}
    for index, policy in enumerate(policies):
        for name in policy.names or ("",):
            by_name.setdefault(name, []).append(index)
    kept: list[Policy] = []
    for index, policy in enumerate(policies):
        names = {"", *(policy.patterns[0] if policy.patterns else ())}
        candidates = sorted({at for name in names for at in by_name.get(name, ()) if at > index})
        covering = next((policies[at] for at in candidates if policies[at].covers(policy)), None)
        last = index == len(policies) - 1
        if policy.internal or not (last or (covering and not covering.internal)):
            kept.append(policy)
    return kept


def _join(first: Policy, rest: list[Policy]) -> tuple[Policy | None, list[Policy]]:
    """Join a policy with those after it that do the same; `None` if one swallows it."""
    subjects = dict.fromkeys(first.subjects)
    issued = first.issued
    left: list[Policy] = []
    for index, other in enumerate(rest):
        if not _same_issuer(first, issued, other):
            left.append(other)
        elif other.subjects or not subjects:
            subjects |= dict.fromkeys(other.subjects)
            issued |= other.issued
        elif any(between.covers(Policy(tuple(subjects))) for between in left):
            left.append(other)
        else:
            return None, [*left, *rest[index:]]
    return Policy(tuple(subjects), first.internal), left


def _same_issuer(policy: Policy, issued: frozenset[bool], other: Policy) -> bool:
    """Whether both get their certificates in one way; `issued` is what `policy` has joined."""
    if policy.internal or other.internal:
        ours = policy.internal or issued == {False}
        return ours and (other.internal or other.issued == {False})
    return not issued or not other.issued or issued == other.issued


def _qualifies(subject: str) -> bool:
    """Whether there can be a certificate for this name at all."""
    wildcard_first = "*" not in subject or subject.startswith("*.") or subject == "*"
    dots = subject.startswith(".") or subject.endswith(".")
    return bool(subject.strip()) and not dots and wildcard_first and not _UNFIT.search(subject)


def _is_issued(subject: str) -> bool:
    """Whether a public authority issues for this name, wildcards of one level included."""
    return not _is_internal(subject) and subject.count("*.") < 2  # noqa: PLR2004


def _is_public(subject: str) -> bool:
    """Whether this name qualifies for a public certificate as it stands."""
    wildcard = "*" in subject
    fit = subject.count("*") == 1 and subject.count(".") > 1 and subject.startswith("*.")
    return _qualifies(subject) and not _is_internal(subject) and (not wildcard or fit)


def _is_internal(subject: str) -> bool:
    try:
        ipaddress.ip_address(subject)
    except ValueError:
        name = subject.lower().removesuffix(".")
        return name == "localhost" or name.endswith(_INTERNAL)
    return True


def _patterns(subject: str) -> Iterator[str]:
    """Yield the subject, and what is left of it with a wildcard for its first labels."""
    yield subject
    labels = subject.split(".")
    for index, label in enumerate(labels):
        if label:
            labels[index] = "*"
            yield ".".join(labels)
