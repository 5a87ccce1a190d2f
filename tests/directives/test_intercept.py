"""intercept, as far as it is adapted and checked."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from tests.adapter.test_adapt import refusal
from tests.directives.handlers import provision


async def test_it_does_not_run_yet() -> None:
    """An interception that is right is refused by name."""
    handlers = [{"match": {"status_code": [404]}, "routes": [{"handle": []}]}]
    with pytest.raises(ConfigError, match=r"http\.handlers\.intercept does not run"):
        await provision("intercept", handle_response=handlers)


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
