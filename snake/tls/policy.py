"""Policy: how the certificate of a name is had, and which policy is for which name.

Source: https://caddyserver.com/docs/json/apps/tls/automation/.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from snake.config.tls import AutomationPolicy, TLSApp
from snake.core.errors import SnakeError
from snake.core.modules import Context
from snake.core.record import Record
from snake.core.suggest import suggestion
from snake.core.surroundings import PlaceholderError, fill
from snake.storage.keys import ascii_name
from snake.storage.storage import Storage
from snake.tls.certificate import host_of
from snake.tls.certificate_manager import Manager
from snake.tls.challenge import Elsewhere
from snake.tls.issuer import Issuer
from snake.tls.on_demand import OnDemand
from snake.tls.permissions import permission_of
from snake.tls.subjects import is_tailscale, patterns, qualifies_for_public

_ISSUERS = "tls.issuance"
_PUBLIC = (msgspec.Raw(b'{"module":"acme"}'),)
_INTERNAL = (msgspec.Raw(b'{"module":"internal"}'),)


class Policy(Record):
    """How the certificates of some subjects are had."""

    subjects: tuple[str, ...]
    """Names and wildcards; none is all."""
    issuers: tuple[Issuer, ...]
    """They are asked in turn."""
    storage: Storage
    managers: tuple[Manager, ...] = ()
    """They are asked first, while a client waits."""
    on_demand: bool = False
    """Whether one is obtained while a client waits, if no manager has it."""
    key_type: str = ""
    reuse_keys: bool = False
    bounded: bool = False
    """Whether so few, or such cheap, certificates can come of it that nobody need permit them."""
    ratio: float = 0.0
    """The part of the lifetime left at a renewal; 0 is the default."""

    @property
    def at_handshake(self) -> bool:
        """Whether a certificate may come while a client waits for it."""
        return self.on_demand or bool(self.managers)

    def covers(self, name: str) -> bool:
        """Whether it is for a name, in lower case."""
        return not self.subjects or any(each in self.subjects for each in patterns(name))


class Automation:
    """The policies of one document."""

    def __init__(
        self,
        policies: Sequence[Policy],
        public: Policy,
        internal: Policy,
        on_demand: OnDemand,
    ) -> None:
        self.policies = tuple(policies)
        self.on_demand = on_demand
        self._public = public
        self._internal = internal

    def policy_for(self, name: str) -> Policy:
        """Return the first policy that is for a name, or the default one for such names."""
        for policy in self.policies:
            if policy.covers(name):
                return policy
        return self._public if qualifies_for_public(name) else self._internal

    @property
    def storages(self) -> tuple[Storage, ...]:
        """Where the certificates are, each once."""
        return tuple(dict.fromkeys(policy.storage for policy in self._all))

    @property
    def elsewhere(self) -> tuple[Elsewhere, ...]:
        """Where other machines put the challenges that they have begun: those of ACME do.

        Each once, however many policies there are: who asks for a name is looked up in all.
        """
        issuers = (issuer for policy in self._all for issuer in policy.issuers)
        places = (place for each in issuers for place in getattr(each, "elsewhere", ()))
        return tuple(dict.fromkeys(places))

    @property
    def _all(self) -> tuple[Policy, ...]:
        return (*self.policies, self._public, self._internal)

    @property
    def asks(self) -> tuple[str, ...]:
        """The subjects, or `*` for all names, of which a certificate may come at a handshake."""
        found: dict[str, None] = {}
        for policy in self.policies:
            if policy.at_handshake:
                found.update(dict.fromkeys(policy.subjects or ("*",)))
        return tuple(found)


async def provision_automation(
    ctx: Context, app: TLSApp, storage: Storage, names: Iterable[str] = ()
) -> Automation:
    """Provision every policy; `ctx` is at `apps/tls`. Raises `ConfigError`.

    `names` are those that certificates are kept up for: of the default policies those are made
    that one of them needs.
    """
    told = app.automation
    ctx = ctx.at("automation")
    permission = await permission_of(told.on_demand if told else None, ctx.at("on_demand"))
    policies = [
        await _policy(ctx.at("policies", index), policy, storage, permitted=permission is not None)
        for index, policy in enumerate(told.policies if told is not None else ())
    ]
    left = [name for name in names if not any(policy.covers(name) for policy in policies)]
    public = [name for name in left if qualifies_for_public(name)]
    nowhere = ctx.at("policies")
    public_issuers = await _issuers(nowhere, _PUBLIC if public else ())
    internal_issuers = await _issuers(nowhere, _INTERNAL if len(left) > len(public) else ())
    return Automation(
        policies,
        Policy((), public_issuers, storage),
        Policy((), internal_issuers, storage),
        OnDemand(permission),
    )


async def _policy(
    ctx: Context, policy: AutomationPolicy, storage: Storage, *, permitted: bool
) -> Policy:
    _refuse(ctx, policy)
    subjects = tuple(
        _subject(ctx.at("subjects", index), text) for index, text in enumerate(policy.subjects)
    )
    safe = permitted or _bounded(policy)
    if policy.on_demand and not (safe or policy.get_certificate):
        raise ctx.fail(
            "on-demand TLS cannot be enabled without a permission module to prevent abuse; "
            "set the option on_demand_tls with 'ask <url>' or 'permission'"
        )
    issuers = policy.issuers or (() if _only_tailscale(policy) else _PUBLIC)
    own = storage
    if policy.storage is not None:
        own = await ctx.at("storage").load(policy.storage, namespace="caddy.storage", key="module")
    return Policy(
        subjects,
        await _issuers(ctx.at("issuers"), issuers),
        own,
        managers=tuple(
            [
                await ctx.at("get_certificate", index).load(
                    raw, namespace="tls.get_certificate", key="via"
                )
                for index, raw in enumerate(policy.get_certificate)
            ]
        ),
        on_demand=safe and (policy.on_demand or bool(policy.get_certificate)),
        key_type=_key_type(ctx.at("key_type"), policy.key_type),
        bounded=_bounded(policy),
        reuse_keys=policy.reuse_private_keys,
        ratio=policy.renewal_window_ratio,
    )


def _refuse(ctx: Context, policy: AutomationPolicy) -> None:
    """Name what cannot be done, rather than not do it. Raises `ConfigError`."""
    if policy.must_staple:
        raise ctx.at("must_staple").fail(
            "must_staple is not available in snake: it cannot staple OCSP responses, "
            "and browsers refuse such certificates without one"
        )
    if not 0 <= policy.renewal_window_ratio < 1:
        raise ctx.at("renewal_window_ratio").fail("renewal_window_ratio is between 0 and 1")


def _subject(ctx: Context, text: str) -> str:
    try:
        return ascii_name(host_of(fill(text)))
    except PlaceholderError as error:
        raise ctx.fail(str(error)) from None


def _bounded(policy: AutomationPolicy) -> bool:
    """Whether so few certificates can come of it, or such cheap ones, that nobody need allow it."""
    only_internal = bool(policy.issuers) and all(
        msgspec.json.decode(raw).get("module") == "internal" for raw in policy.issuers
    )
    return only_internal or (
        bool(policy.subjects) and not any("*" in subject for subject in policy.subjects)
    )


def _only_tailscale(policy: AutomationPolicy) -> bool:
    return (
        bool(policy.get_certificate)
        and bool(policy.subjects)
        and all(is_tailscale(subject) for subject in policy.subjects)
    )


async def _issuers(ctx: Context, raws: Sequence[msgspec.Raw]) -> tuple[Issuer, ...]:
    return tuple(
        [
            await ctx.at(index).load(raw, namespace=_ISSUERS, key="module")
            for index, raw in enumerate(raws)
        ]
    )


_KEY_TYPES = ("ed25519", "p256", "p384", "rsa2048", "rsa4096")


def _key_type(ctx: Context, text: str) -> str:
    try:
        name = fill(text)
    except SnakeError as error:
        raise ctx.fail(f"invalid key type {text}: {error}") from None
    if name and name not in _KEY_TYPES:
        raise ctx.fail(f"unrecognized key type: {name}{suggestion(name, _KEY_TYPES)}")
    return name
