"""log_name."""

from __future__ import annotations

from tests.directives.adapted import warnings
from tests.site import site


def test_odd_lines_are_warned_of() -> None:
    """Caddy accepts no name, and a block."""
    assert warnings("log_name") == ["Caddyfile:2: log_name without a name does nothing"]
    assert "takes no block" in warnings("log_name a {\nb\n}")[0]


async def test_it_sets_the_variable() -> None:
    """The access log asks for it when the request is done."""
    async with site(":80 {\n log_name a b\n respond {vars.access_logger_names}\n}") as s:
        assert "a" in (await s.get()).text
