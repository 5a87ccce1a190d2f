"""metrics, as far as it is adapted and checked."""

from __future__ import annotations

import pytest

from tests.directives.adapted import mistake, refusal


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("metrics all", 2, "all", "metrics takes no argument, got all"),
        ("metrics {\nall\n}", 3, "all", "metrics: unrecognized subdirective: all"),
        ("metrics {\ndisable_openmetrics yes\n}", 3, "yes", "unrecognized subdirective: yes"),
        (
            "metrics {\ndisable_openmetrics {\n}\n}",
            3,
            "disable_openmetrics",
            "disable_openmetrics takes no block",
        ),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


async def test_it_does_not_run_yet() -> None:
    """It is refused by name."""
    error = await refusal({"handler": "metrics"})

    assert error.message.startswith("http.handlers.metrics does not run")


async def test_wrong_types() -> None:
    """Its field is typed."""
    error = await refusal({"handler": "metrics", "disable_openmetrics": 1})

    assert error.path == "handle/0/disable_openmetrics"
