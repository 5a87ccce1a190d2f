"""What the sites say about certificates: the `tls` app.

Automatic HTTPS finds most names by itself, in the host matchers. Written down
are only those that it cannot see, and internal names that share a site with
public ones, whose certificates come from another issuer.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from snake.adapter.addresses import Address, Ports, uses_other_port
from snake.adapter.listening import AdaptedSite, Listening
from snake.adapter.stable import stable_sorted

_INTERNAL = (".localhost", ".local", ".internal", ".home.arpa")
_UNFIT = re.compile(r"""[()\[\]{}<> \t\n"\\!@#$%^&|;'+=]""")


@dataclass(frozen=True, slots=True)
class Policy:
    """How the certificates of some subjects are had: from the default issuer or the internal."""

    subjects: tuple[str, ...]
    internal: bool = False

    def covers(self, other: Policy) -> bool:
        """Whether every subject of `other` is also one of this policy's."""
        if not self.subjects:
            return True
        return bool(other.subjects) and all(
            any(_matches(subject, pattern) for pattern in self.subjects)
            for subject in other.subjects
        )

    def json(self) -> dict[str, Any]:
        """Return it as the document has it."""
        issuers = {"issuers": [{"module": "internal"}]} if self.internal else {}
        return ({"subjects": self.subjects} if self.subjects else {}) | issuers


def tls_app(
    servers: Sequence[Listening], auto_https: Sequence[str], ports: Ports
) -> msgspec.Raw | None:
    """Return the `tls` app of the document; `None` when it needs none. Raises `CaddyfileError`."""
    app: dict[str, Any] = {}
    policies = [
        policy
        for server in servers
        if uses_other_port(server.listen, ports.http)
        for site in server.sites
        for policy in _site_policies(site, ports)
    ]
    unseen = sorted(set(_unseen(servers, ports)))
    if unseen and "off" not in auto_https and "disable_certs" not in auto_https:
        app["certificates"] = {"automate": unseen}
        internal = tuple(name for name in unseen if not _is_public(name))
        policies += [Policy(internal, internal=True)] if internal else []
    if kept := _consolidate(policies):
        app["automation"] = {"policies": [policy.json() for policy in kept]}
    return msgspec.Raw(msgspec.json.encode(app)) if app else None


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


def _site_policies(site: AdaptedSite, ports: Ports) -> Iterator[Policy]:
    """Yield the policy of a site, in two if it has both public and internal names."""
    if all(address.scheme == "http" for address in site.addresses):
        return
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
        yield Policy(tuple(public))
        yield Policy(tuple(internal), internal=True)
    else:
        yield Policy(subjects)


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
        first, rest = kept[0], kept[1:]
        joined, kept = _join(first, rest)
        done += [joined] if joined else []
    return done


def _join(first: Policy, rest: list[Policy]) -> tuple[Policy | None, list[Policy]]:
    """Join a policy with those after it that do the same; `None` if one swallows it."""
    left: list[Policy] = []
    for index, other in enumerate(rest):
        if not _same_issuer(first, other):
            left.append(other)
        elif other.subjects or not first.subjects:
            merged = dict.fromkeys(first.subjects + other.subjects)
            first = replace(first, subjects=tuple(merged))
        elif any(between.covers(first) for between in left):
            left.append(other)
        else:
            return None, [*left, *rest[index:]]
    return first, left


def _before(a: Policy, b: Policy) -> bool:
    if b.covers(a):
        return True
    return not a.covers(b) and len(a.subjects) > len(b.subjects)


def _without_idle(policies: Sequence[Policy]) -> list[Policy]:
    """Drop default policies that no other one would overrule."""
    kept: list[Policy] = []
    for index, policy in enumerate(policies):
        covering = next((other for other in policies[index + 1 :] if other.covers(policy)), None)
        last = index == len(policies) - 1
        if policy.internal or not (last or (covering and not covering.internal)):
            kept.append(policy)
    return kept


def _same_issuer(a: Policy, b: Policy) -> bool:
    if a.internal or b.internal:
        return all(policy.internal or _only_internal(policy) for policy in (a, b))
    return not a.subjects or not b.subjects or _classes(a) == _classes(b)


def _only_internal(policy: Policy) -> bool:
    return _classes(policy) == {False}


def _classes(policy: Policy) -> set[bool]:
    return {_is_issued(subject) for subject in policy.subjects}


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


def _matches(subject: str, pattern: str) -> bool:
    """Whether a wildcard stands for one label of the subject each."""
    if subject == pattern:
        return True
    labels, wanted = subject.split("."), pattern.split(".")
    return (
        "*" in wanted
        and len(labels) == len(wanted)
        and all(want in ("*", label) for label, want in zip(labels, wanted, strict=True))
    )
