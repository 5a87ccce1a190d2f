"""Automation: which policy has which certificates, with all that Caddy adds without being told.

Functions from config to config. Source: https://caddyserver.com/docs/json/apps/tls/automation/.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from snake.config.tls import AutomationPolicy
from snake.core.errors import ConfigError
from snake.core.hostname import ascii_name
from snake.core.record import Record
from snake.core.surroundings import fill_all
from snake.tls.subjects import (
    is_internal,
    is_ip,
    is_tailscale,
    patterns,
    qualifies_for_public,
)

INTERNAL = msgspec.Raw(b'{"module":"internal"}')
ACME = msgspec.Raw(b'{"module":"acme"}')
TAILSCALE = msgspec.Raw(b'{"via":"tailscale"}')
_PATH = "apps/tls/automation/policies"


class AlternatePorts(Record):
    """The ports of challenges, where they are not the standard ones; 0 for those."""

    http: int = 0
    https: int = 0


class Policies(Record):
    """Policies of which one is for any name, each with its issuers."""

    policies: tuple[AutomationPolicy, ...]
    added: frozenset[int] = frozenset()
    """The indices of those that are in no document."""


def effective_policies(
    policies: Sequence[AutomationPolicy], names: Sequence[str], ports: AlternatePorts
) -> Policies:
    """Return what Caddy makes of policies for sites. Raises `ConfigError`.

    `names` are those of sites, which need no policy of their own.
    """
    filled = [_internal_by_nature(policy, names) for policy in with_subjects(policies)]
    own = _without_policy(names, policies)
    tailscale = [name for name in own if is_tailscale(name)]
    internal = [name for name in own if not is_tailscale(name) and _is_internal(name, policies)]
    result = given = [_with_issuers(policy, ports) for policy in filled]
    base = next((policy for policy in result if not policy.subjects), None)
    if base is None:
        base = _with_issuers(AutomationPolicy(), ports)
        result = _added(result, base)
    if internal:
        result = _added(result, replace(base, subjects=tuple(internal), issuers=(INTERNAL,)))
    if tailscale:
        managers = (*base.get_certificate, TAILSCALE)
        policy = replace(base, subjects=tuple(tailscale), issuers=(), get_certificate=managers)
        result = _added(result, policy)
    return _checked(result, given)


def policies_without_sites(policies: Sequence[AutomationPolicy], names: Iterable[str]) -> Policies:
    """Return what Caddy makes of policies where no site takes part in automatic HTTPS.

    `names` have certificates nevertheless. Raises `ConfigError`.
    """
    result = [_with_issuers(policy, AlternatePorts()) for policy in with_subjects(policies)]
    given = result.copy()
    if all(policy.subjects for policy in result):
        internal = [name for name in names if not qualifies_for_public(name)]
        internal = [name for name in internal if policy_for(result, name) is None]
        if internal:
            result.append(AutomationPolicy(subjects=tuple(internal), issuers=(INTERNAL,)))
        result.append(AutomationPolicy(issuers=(ACME,)))
    return _checked(result, given)


def _checked(result: Sequence[AutomationPolicy], given: Iterable[AutomationPolicy]) -> Policies:
    own = {id(policy) for policy in given}
    added = frozenset(index for index, policy in enumerate(result) if id(policy) not in own)
    check_policies(result)
    return Policies(tuple(result), added)


def with_subjects(policies: Iterable[AutomationPolicy]) -> list[AutomationPolicy]:
    """Return the policies with the subjects that they are for, placeholders filled."""
    return [
        replace(policy, subjects=tuple(ascii_name(fill_all(each)) for each in policy.subjects))
        for policy in policies
    ]


def elsewhere(names: Iterable[str], policies: Iterable[AutomationPolicy]) -> frozenset[str]:
    """Return the names of sites of which Tailscale manages the certificates: it is asked."""
    return frozenset(filter(is_tailscale, _without_policy(names, policies)))


def _without_policy(names: Iterable[str], policies: Iterable[AutomationPolicy]) -> list[str]:
    """Return the names for which there is no policy that has just this subject."""
    known = {subject for policy in with_subjects(policies) for subject in policy.subjects}
    return [name for name in names if name not in known]


def check_policies(policies: Iterable[AutomationPolicy]) -> None:
    """Refuse a policy that could never be used. Raises `ConfigError`."""
    first: dict[str, int] = {}
    has_default = False
    for index, policy in enumerate(policies):
        if not policy.subjects:
            if has_default:
                raise ConfigError(
                    "this is the second policy without subjects, so it would never be used; "
                    "the first one is for all names already",
                    f"{_PATH}/{index}",
                )
            has_default = True
        for subject in policy.subjects:
            known = first.setdefault(subject, index)
            if known != index:
                raise ConfigError(
                    f"{subject} has a policy already, at index {known}; a name can have one only",
                    f"{_PATH}/{index}/subjects",
                )


def policy_for(policies: Iterable[AutomationPolicy], name: str) -> AutomationPolicy | None:
    """Return the policy that a name has: the first one that is for it.

    Effective policies have one for every name.
    """
    forms = frozenset(patterns(name))
    for policy in policies:
        if not policy.subjects or not forms.isdisjoint(map(str.lower, policy.subjects)):
            return policy
    return None


def with_own_certificate(names: Iterable[str], always: Iterable[str]) -> tuple[str, ...]:
    """Return the names that need a certificate of their own.

    Not those for which one of the others has a wildcard; but what is in `always` needs one always.
    """
    given = dict.fromkeys((*always, *names))
    certain = frozenset(always)
    return tuple(name for name in given if name in certain or not _has_wildcard(name, given))


def _has_wildcard(name: str, among: Collection[str]) -> bool:
    if is_ip(name):
        return False
    labels = name.split(".")
    for index, label in enumerate(labels):
        if label != "*":
            labels[index] = "*"
            if ".".join(labels) in among:
                return True
    return False


def _internal_by_nature(policy: AutomationPolicy, names: Sequence[str]) -> AutomationPolicy:
    """Return a policy with the internal issuer, if it is for such names only and has none."""
    if (
        policy.issuers
        or frozenset(names).isdisjoint(policy.subjects)
        or not all(map(is_internal, policy.subjects))
    ):
        return policy
    return replace(policy, issuers=(INTERNAL,))


def _is_internal(name: str, policies: Sequence[AutomationPolicy]) -> bool:
    """Whether a name without a policy is for the internal authority.

    The default issuers issue for no IP address, so these are as long as nothing else was said.
    """
    return not qualifies_for_public(name) or (is_ip(name) and not policies)


def _with_issuers(policy: AutomationPolicy, ports: AlternatePorts) -> AutomationPolicy:
    issuers = tuple(_with_ports(issuer, ports) for issuer in policy.issuers or (ACME,))
    return replace(policy, issuers=issuers)


def _with_ports(issuer: msgspec.Raw, ports: AlternatePorts) -> msgspec.Raw:
    """Return an ACME issuer that knows the ports of its challenges; others as they are."""
    fields: Any = msgspec.json.decode(issuer)
    if not isinstance(fields, dict) or fields.get("module") != "acme" or ports == AlternatePorts():
        return issuer
    challenges = {**_object(fields.get("challenges"))}
    for name, port in (("http", ports.http), ("tls-alpn", ports.https)):
        challenge = _object(challenges.get(name))
        if port and not challenge.get("alternate_port"):
            challenges[name] = {**challenge, "alternate_port": port}
    return msgspec.Raw(msgspec.json.encode({**fields, "challenges": challenges}))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _added(policies: list[AutomationPolicy], new: AutomationPolicy) -> list[AutomationPolicy]:
    """Return the policies with another one, before the first that is more general."""
    for index, policy in enumerate(policies):
        if len(policy.subjects) < len(new.subjects) or _is_superset(policy, new):
            return [*policies[:index], new, *policies[index:]]
    return [*policies, new]


def _is_superset(policy: AutomationPolicy, new: AutomationPolicy) -> bool:
    subjects = frozenset(policy.subjects)
    return any(not subjects.isdisjoint(patterns(subject)) for subject in new.subjects)
