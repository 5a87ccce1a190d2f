"""copy_response_headers, as far as it is adapted and checked."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from tests.directives.handlers import provision


async def test_wrong_types_are_refused() -> None:
    """Names stand in lists."""
    with pytest.raises(ConfigError) as raised:
        await provision("copy_response_headers", exclude="A")
    assert raised.value.path == "exclude"
