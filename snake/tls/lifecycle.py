"""Lifecycle: what a name needs next, from facts and a clock. No I/O.

Source: certmagic's `maintain.go`, `async.go` and `NeedsRenewal`, of which these are the times.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from snake.core.record import Record
from snake.tls.certificate import Certificate
from snake.tls.issuer import RenewalWindow

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
RENEWAL_RATIO = 1 / 3
"""The part of a certificate's lifetime that is left when it is renewed."""
EMERGENCY_RATIO = 1 / 20
"""The part at which it is renewed whatever the authority would like."""
RENEW_INTERVAL = 10 * MINUTE
"""Seconds between two looks at all certificates."""
LONGEST_EFFORT = 30 * DAY
"""Seconds after which one gives up to try for a certificate."""
JITTER = 0.1
"""The part of a wait by which it may be longer, so that not all names are tried at once."""

_WAITS = (
    *(1 * MINUTE, 2 * MINUTE, 2 * MINUTE, 5 * MINUTE),
    *(10 * MINUTE,) * 3,
    *(20 * MINUTE,) * 4,
    *(30 * MINUTE,) * 6,
    *(1 * HOUR,) * 3,
    *(2 * HOUR,) * 2,
    *(3 * HOUR,) * 2,
)
_LONGEST_WAIT = 6 * HOUR


def wait_after(attempts: int) -> float:
    """Return the seconds to wait after so many attempts have failed."""
    return _WAITS[attempts - 1] if attempts <= len(_WAITS) else _LONGEST_WAIT


def retry_at(
    attempts: int,
    retry_after: float | None,
    now: float,
    chance: Callable[[], float] = random.random,
) -> float:
    """Return when to try again, at the earliest when the authority has said."""
    wait = wait_after(attempts)
    return max(now + wait * (1 + JITTER * chance()), retry_after or 0.0)


class Renewal(Record):
    """When a certificate is to be renewed, and whose wish that is."""

    at: float
    """Seconds since the epoch."""
    by_authority: bool = False


def renewal(
    certificate: Certificate,
    ratio: float = 0.0,
    window: RenewalWindow | None = None,
    interval: float = RENEW_INTERVAL,
) -> Renewal:
    """Return when a certificate is to be renewed.

    The authority's window counts if there is one, until little of the lifetime is left; which
    moment in it, depends on nothing but the certificate.
    """
    latest = certificate.not_after - max(
        certificate.lifetime * EMERGENCY_RATIO, min(5 * interval, certificate.lifetime * 0.5)
    )
    if window is not None:
        chosen = random.Random(certificate.fingerprint)  # noqa: S311  (spreads the load, no more)
        moment = window.start + (window.end - window.start) * chosen.random() - interval
        return Renewal(min(moment, latest), by_authority=moment <= latest)
    return Renewal(certificate.not_after - certificate.lifetime * (ratio or RENEWAL_RATIO))
