"""The tls matcher."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.matchers.matching import matches
from tests.site import site


@pytest.mark.parametrize(
    ("config", "scheme", "expected"),
    [
        ({}, "http", False),
        ({}, "https", True),
        ({"handshake_complete": True}, "https", True),
        ({"handshake_complete": True}, "http", False),
        ({"handshake_complete": False}, "https", False),
    ],
)
async def test_request_came_over_tls(
    config: dict[str, bool], scheme: str, *, expected: bool
) -> None:
    """A request with TLS matches; none comes before its handshake is over."""
    assert await matches({"tls": config}, scheme=scheme) is expected


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("@a tls early_dat", "unrecognized option 'early_dat'; did you mean"),
        ("@a tls early_data now", "tls takes one argument, got 2"),
        ("@a tls {\nx\n}", "tls takes no block"),
    ],
)
def test_wrong_line_is_refused(lines: str, message: str) -> None:
    """What Caddy refuses is refused with the reason."""
    with pytest.raises(CaddyfileError) as raised:
        site(f":80 {{\n{lines}\n}}")

    assert message in str(raised.value)
