"""copy_response, as far as it is adapted and checked."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from tests.directives.handlers import provision


async def test_unknown_fields_are_refused() -> None:
    """A field that it does not have is refused before."""
    with pytest.raises(ConfigError, match='unknown field "status"'):
        await provision("copy_response", status=200)
