"""When a certificate is renewed, and how long one waits after failures."""

from __future__ import annotations

import pytest

from snake.tls import lifecycle
from snake.tls.certificate import Certificate
from snake.tls.issuer import RenewalWindow

DAY = lifecycle.DAY


def lasting(days: float) -> Certificate:
    """Return a certificate that is valid for so many days from 0 on."""
    return Certificate("", "", ("a.com",), 0.0, days * DAY, "1", "ab")


@pytest.mark.parametrize("days", [90.0, 6.0, 0.5])
def test_a_third_of_the_lifetime_is_left(days: float) -> None:
    """Without anything said, a certificate is renewed when a third of its lifetime is left."""
    assert lifecycle.renewal(lasting(days)).at == pytest.approx(days * DAY * 2 / 3)


def test_ratio_can_be_said() -> None:
    """`renewal_window_ratio` is the part that is left."""
    assert lifecycle.renewal(lasting(90), 0.5).at == 45 * DAY


def test_window_of_the_authority_counts() -> None:
    """A moment in the authority's window is chosen, the same for a certificate every time."""
    window = RenewalWindow(50 * DAY, 52 * DAY, 0)
    first = lifecycle.renewal(lasting(90), 0, window)
    assert 50 * DAY - lifecycle.RENEW_INTERVAL <= first.at <= 52 * DAY
    assert first == lifecycle.renewal(lasting(90), 0, window)
    assert first.by_authority


def test_late_window_does_not_let_a_certificate_expire() -> None:
    """An authority that would like to renew too late is not listened to."""
    window = RenewalWindow(200 * DAY, 300 * DAY, 0)
    found = lifecycle.renewal(lasting(90), 0, window)
    assert found.at == pytest.approx(90 * DAY * 19 / 20)
    assert not found.by_authority


def test_waits_grow_to_six_hours() -> None:
    """The waits after failures are certmagic's."""
    minutes = [lifecycle.wait_after(attempts) / 60 for attempts in range(1, 30)]
    assert minutes[:6] == [1, 2, 2, 5, 10, 10]
    assert minutes == sorted(minutes)
    assert minutes[-1] == 360


def test_wait_has_jitter_and_respects_the_authority() -> None:
    """Names that failed together are not tried together; and never before `Retry-After`."""
    assert lifecycle.retry_at(1, None, 1000, lambda: 0.0) == 1060
    assert lifecycle.retry_at(1, None, 1000, lambda: 1.0) == 1066
    assert lifecycle.retry_at(1, 5000, 1000, lambda: 1.0) == 5000
    assert lifecycle.retry_at(1, 1010, 1000, lambda: 0.0) == 1060
