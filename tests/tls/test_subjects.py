"""Names that certificates are for."""

from __future__ import annotations

import pytest

from snake.tls.subjects import (
    is_internal,
    is_ip,
    is_tailscale,
    patterns,
    qualifies,
    qualifies_for_public,
)


@pytest.mark.parametrize(
    ("subject", "any_", "public"),
    [
        ("a.com", True, True),
        ("*.a.com", True, True),
        ("*.com", True, False),
        ("*", True, False),
        ("*.*.a.com", True, False),
        ("a.*.com", False, False),
        (".a.com", False, False),
        ("a.com.", False, False),
        ("a b.com", False, False),
        ("", False, False),
        ("localhost", True, False),
        ("x.LocalHost", True, False),
        ("x.local", True, False),
        ("x.home.arpa", True, False),
        ("10.1.2.3", True, False),
        ("8.8.8.8", True, True),
        ("fd00::1", True, False),
        ("::1", True, False),
        ("2606:4700::1", True, True),
        ("localhost:80", True, False),
        ("[::1]", False, False),
    ],
)
def test_name_qualifies(subject: str, any_: bool, public: bool) -> None:  # noqa: FBT001
    """There are names for which nobody issues, and names for which no public authority does."""
    assert qualifies(subject) is any_
    assert qualifies_for_public(subject) is public


def test_address() -> None:
    """An IP address has no zone, and one of IPv4 may be written as one of IPv6."""
    assert is_ip("1.2.3.4")
    assert is_ip("::1")
    assert not is_ip("fe80::1%eth0")
    assert not is_ip("[::1]")
    assert is_internal("::ffff:10.0.0.1")
    assert is_internal("[::1]")
    assert not is_internal("::ffff:8.8.8.8")


def test_tailscale() -> None:
    """Names of a tailnet end alike."""
    assert is_tailscale("m.tail1.TS.net")
    assert not is_tailscale("ts.net")


def test_patterns() -> None:
    """A name is matched by itself and by wildcards for its first labels."""
    assert list(patterns("A.b.c")) == ["a.b.c", "*.b.c", "*.*.c", "*.*.*"]
