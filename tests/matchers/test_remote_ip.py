"""The remote_ip matcher."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from snake.core.ranges import PRIVATE_RANGES
from tests.matchers.matching import matches, provisioned


@pytest.mark.parametrize(
    ("address", "client", "expected"),
    [
        ("127.0.0.1/8", "127.9.9.9", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "::ffff:192.0.2.1", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("fe80::/10%eth0", "fe80::1%eth0", True),
        ("fe80::/10%eth0", "fe80::1%eth1", False),
        ("fe80::/10", "fe80::1%eth1", True),
        ("::1", "127.0.0.1", False),
        ("0.0.0.0/0", "not an address", False),
    ],
)
async def test_client_is_in_a_range(address: str, client: str, *, expected: bool) -> None:
    """The address of the connection is compared, its zone too where the range has one."""
    assert await matches({"remote_ip": {"ranges": [address]}}, client=(client, 1)) is expected


async def test_unix_client_has_no_address() -> None:
    """A client on a Unix socket is in no range."""
    assert not await matches({"remote_ip": {"ranges": ["0.0.0.0/0", "::/0"]}}, client=None)


async def test_forwarded_addresses_are_not_believed() -> None:
    """Headers do not change who the client is."""
    headers = {"x-forwarded-for": "10.0.0.1"}

    assert not await matches({"remote_ip": {"ranges": ["10.0.0.0/8"]}}, headers=headers)


async def test_private_ranges_are_ranges() -> None:
    """What `private_ranges` stands for can be loaded."""
    assert await matches({"remote_ip": {"ranges": PRIVATE_RANGES}}, client=("192.168.3.4", 1))


async def test_range_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable is read when the config is loaded."""
    monkeypatch.setenv("SNAKE_TEST_NETWORK", "127.0.0.0/8")

    assert await matches({"remote_ip": {"ranges": ["{env.SNAKE_TEST_NETWORK}"]}})


@pytest.mark.parametrize("text", ["10.0.0.0/40", "example.com", "", "{http.request.host}"])
async def test_bad_range_is_refused(text: str) -> None:
    """What is no range is refused when the config is loaded."""
    with pytest.raises(ConfigError, match="invalid IP range"):
        await provisioned(remote_ip={"ranges": [text]})
