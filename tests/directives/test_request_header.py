"""Facts about `request_header`."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.directives.adapted import warnings
from tests.site import site

SHOW = "respond `{header.X-A}|{header.X-B}|{host}|{hostport}`"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("request_header X-A set", "set|two|localhost|localhost"),
        ("request_header x-a: {method}", "GET|two|localhost|localhost"),
        ("request_header +X-A more", "one,more|two|localhost|localhost"),
        ("request_header -X-A", "|two|localhost|localhost"),
        ("request_header -X-*", "||localhost|localhost"),
        ("request_header X-A o(.*) $1", "ne|two|localhost|localhost"),
        ("request_header * * [eo] _", "_n_|tw_|l_calh_st|l_calh_st"),
        ("request_header Host b.test:81", "one|two|b.test|b.test:81"),
        ("request_header +Host b.test", "one|two|b.test|b.test"),
        ("request_header -Host", "one|two||"),
    ],
)
async def test_operations(line: str, expected: str) -> None:
    """What follows sees the request as changed; Host is the host that is asked for."""
    async with site(f":80 {{\n {line}\n {SHOW}\n}}") as s:
        assert (await s.get(headers={"x-a": "one", "x-b": "two"})).text == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("request_header", "takes a field"),
        ("request_header /x", "takes a field"),
        ("request_header ?X-A b", "for response headers only"),
        ("request_header X-A b c d", "a header takes a value"),
    ],
)
def test_wrong_lines(line: str, message: str) -> None:
    """A line that cannot be meant is refused with what is wrong."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {line}\n}}")


def test_block_is_warned_of() -> None:
    """Caddy reads no block there, and does not mind one."""
    assert "takes no block" in warnings("request_header X-A {\nb\n}")[0]
