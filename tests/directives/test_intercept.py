"""intercept: what it refuses, and that it streams. See also `scenarios/intercept.toml`."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from tests.adapter.test_adapt import refusal
from tests.directives.handlers import provision


async def test_wrong_types_are_refused() -> None:
    """The handlers inside are checked as all others are."""
    with pytest.raises(ConfigError) as raised:
        await provision(
            "intercept",
            handle_response=[{"routes": [{"handle": [{"handler": "vars"}, {"handler": "x"}]}]}],
        )
    assert raised.value.path == "handle_response/0/routes/0/handle/1"


def test_error_inside_has_its_own_place() -> None:
    """What is wrong in a block that is adapted last is told where it stands."""
    error = refusal(":80 {\n\tintercept {\n\t\thandle_response {\n\t\t\tx\n\t\t}\n\t}\n}")
    assert (error.line, error.column) == (4, 4)
