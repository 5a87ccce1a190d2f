"""copy_response, as far as it is adapted and checked."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from tests.directives.handlers import provision


@pytest.mark.parametrize("status", [200, "{vars.status}", "200"])
async def test_it_does_not_run_yet(status: object) -> None:
    """A status is a number or text; the handler is refused by name."""
    with pytest.raises(ConfigError, match=r"http\.handlers\.copy_response does not run"):
        await provision("copy_response", status_code=status)


async def test_unknown_fields_are_refused() -> None:
    """A field that it does not have is refused before."""
    with pytest.raises(ConfigError, match='unknown field "status"'):
        await provision("copy_response", status=200)
