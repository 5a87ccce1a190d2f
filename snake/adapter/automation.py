"""Automation policies: how the certificates of some subjects are had."""

from __future__ import annotations

import msgspec

from snake.adapter.issuers import Issuer
from snake.config.tls import AutomationPolicy
from snake.tls import subjects

INTERNAL = msgspec.Raw(b'{"module":"internal"}')


class Policy(msgspec.Struct, eq=False):
    """One policy, which is for all subjects that no other policy has if it names none.

    What a site without a host says goes for the default policy, which all such sites
    have in common: policies are changed in place, and told apart by identity.
    """

    subjects: list[str] = []
    issuers: list[Issuer] = []
    given: list[msgspec.Raw] = []
    """The issuers as JSON: set at once, or made of `issuers` when those are complete."""
    managers: list[msgspec.Raw] = []
    renewal_window_ratio: float = 0
    key_type: str = ""
    on_demand: bool = False
    reuse_private_keys: bool = False
    disable_ocsp_stapling: bool = False

    @property
    def plain(self) -> bool:
        """Whether it says nothing but where certificates may be found."""
        return not (self.issuers or self.given or any(self._settings))

    @property
    def idle(self) -> bool:
        """Whether it says nothing at all of its subjects."""
        return self.plain and not self.managers

    @property
    def way(self) -> tuple[object, ...]:
        """How certificates are had, the issuers aside: the same in policies that may be joined."""
        return (*self._settings[:-1], *map(bytes, self.managers))

    @property
    def whole_way(self) -> tuple[object, ...]:
        """All but the subjects, as Go compares it: issuers are compared twice."""
        return (*self._settings, self.managers, self.given, bool(self.issuers))

    @property
    def _settings(self) -> tuple[object, ...]:
        return (
            self.renewal_window_ratio,
            self.key_type,
            self.on_demand,
            self.reuse_private_keys,
            self.disable_ocsp_stapling,
        )

    def is_public(self, subject: str) -> bool:
        """Whether a public authority issues for this name.

        Of a wildcard for two labels only during handshakes, where the name is known.
        """
        levels = subject.count("*.")
        known = not subjects.is_ip(subject) and not subjects.is_internal(subject)
        return known and (levels < 2 or self.on_demand)  # noqa: PLR2004

    @property
    def all_public(self) -> bool:
        """Whether public authorities issue for all of its subjects."""
        return all(
            self.is_public(name) and not subjects.is_tailscale(name) for name in self.subjects
        )

    def complete(self) -> None:
        """Write down the issuers, whose settings are complete."""
        self.given = self.given or [issuer.json for issuer in self.issuers]

    def config(self) -> AutomationPolicy:
        """Return it as the document has it."""
        return AutomationPolicy(
            subjects=tuple(self.subjects),
            issuers=tuple(self.given),
            get_certificate=tuple(self.managers),
            renewal_window_ratio=self.renewal_window_ratio,
            key_type=self.key_type,
            on_demand=self.on_demand,
            reuse_private_keys=self.reuse_private_keys,
            disable_ocsp_stapling=self.disable_ocsp_stapling,
        )
