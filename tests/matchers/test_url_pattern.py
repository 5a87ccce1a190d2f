"""The url_pattern matcher."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from snake.plugin import CaddyfileError
from tests.matchers.matching import provisioned
from tests.site import site


async def test_pattern_does_not_run() -> None:
    """A config with a pattern is refused by the matcher's name."""
    with pytest.raises(ConfigError, match=r"http\.matchers\.url_pattern does not run"):
        await provisioned(url_pattern={"pattern": "/books/:id"})


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("@a url_pattern", "url_pattern takes exactly one URL pattern"),
        ("@a url_pattern /a /b", "url_pattern takes exactly one URL pattern"),
        ("@a url_pattern /a {\nignore_cas\n}", 'did you mean "ignore_case"?'),
        ("@a url_pattern /a {\nignore_case on\n}", "ignore_case takes no argument, got on"),
        ("@a url_pattern /a {\nbase_url\n}", "base_url takes a URL"),
    ],
)
def test_wrong_line_is_refused(lines: str, message: str) -> None:
    """What Caddy refuses is refused with the reason."""
    with pytest.raises(CaddyfileError) as raised:
        site(f":80 {{\n{lines}\n}}")

    assert message in str(raised.value)
