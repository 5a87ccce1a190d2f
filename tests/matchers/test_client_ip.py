"""The client_ip matcher."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from tests.matchers.matching import matches, provisioned
from tests.site import site


@pytest.mark.parametrize(
    ("address", "client", "expected"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "192.0.2.1", False),
        ("::1", "::1", True),
        ("fe80::/10%eth0", "fe80::1%eth1", False),
    ],
)
async def test_client_is_in_a_range(address: str, client: str, *, expected: bool) -> None:
    """Where no proxy is trusted, the client is whoever connects."""
    assert await matches({"client_ip": {"ranges": [address]}}, client=(client, 1)) is expected


async def test_headers_are_not_believed() -> None:
    """A client cannot say that it is another."""
    headers = {"x-forwarded-for": "10.1.2.3"}
    assert not await matches({"client_ip": {"ranges": ["10.0.0.0/8"]}}, headers=headers)


async def test_ranges_add_up() -> None:
    """Lines add up, and `private_ranges` stands for several."""
    text = ":80 {\n@a {\nclient_ip 192.0.2.1\nclient_ip private_ranges\n}\nrespond @a hi\n}"
    async with site(text) as served:
        assert (await served.get(client=("192.0.2.1", 1))).text == "hi"
        assert (await served.get(client=("10.0.0.1", 1))).text == "hi"
        assert (await served.get(client=("192.0.2.2", 1))).text == ""


async def test_bad_range_is_refused() -> None:
    """What is no range is refused when the config is loaded."""
    with pytest.raises(ConfigError, match="invalid IP range: 'forwarded'"):
        await provisioned(client_ip={"ranges": ["forwarded"]})
