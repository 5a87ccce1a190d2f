"""What a newer Pebble than Debian's has: profiles, and when to renew (ARI)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from snake.tls.issuer import IssueError
from tests.acme.issuing import Asked, fields, host
from tests.acme.pebble import needs_new_pebble, pebble

pytestmark = [needs_new_pebble, pytest.mark.slow]

PROFILES = {
    "default": {"description": "as ever", "validityPeriod": 7_776_000},
    "shortlived": {"description": "six days", "validityPeriod": 518_400},
}


async def test_a_certificate_may_be_short_lived(tmp_path: Path) -> None:
    """With the profile `shortlived`, a certificate is valid for six days."""
    with pebble(tmp_path / "ca", profiles=PROFILES) as ca:
        async with host(tmp_path, ca).issuer(**fields(ca, profile="shortlived")) as issuer:
            asked = Asked("a.example.com")
            certificate = asked.certificate(await issuer.issue(asked.request()))
    assert abs(certificate.lifetime - 518_400) < 3600


async def test_a_profile_that_there_is_not_is_refused(tmp_path: Path) -> None:
    """For another profile, the error has those that there are."""
    with pebble(tmp_path / "ca", profiles=PROFILES) as ca:
        async with host(tmp_path, ca).issuer(**fields(ca, profile="eternal")) as issuer:
            with pytest.raises(IssueError, match="it has default, shortlived"):
                await issuer.issue(Asked("a.example.com").request())


async def test_it_says_when_to_renew(tmp_path: Path) -> None:
    """When to renew is asked for, and a renewal says what it replaces, once."""
    with pebble(tmp_path / "ca") as ca:
        async with host(tmp_path, ca).issuer(**fields(ca)) as issuer:
            asked = Asked("a.example.com")
            issued = await issuer.issue(asked.request())
            first = asked.certificate(issued, issuer.key)
            window = await issuer.renewal_window(first)
            assert window is not None
            assert time.time() < window.start < window.end < first.not_after
            assert "renewal_info" in issued.metadata
            for _ in range(2):  # the second time it is replaced already, and issued all the same
                asked = Asked("a.example.com")
                asked.certificate(await issuer.issue(asked.request(renews=first)))
