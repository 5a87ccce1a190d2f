"""timeouts, as far as it is adapted and checked."""

from __future__ import annotations

import pytest

from tests.directives.adapted import mistake, refusal, warnings


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("read_timeout", 3, "read_timeout", "read_timeout takes a duration"),
        ("read_timeout 1d", 3, "1d", 'unknown unit "d"'),
        ("write_timeout 1s 2 3", 3, "3", "write_timeout takes a duration, and bytes per second"),
        ("write_timeout 1s fast", 3, "fast", 'write_timeout: "fast" is no whole number'),
        ("max_write_chunk", 3, "max_write_chunk", "max_write_chunk takes one argument, got 0"),
        ("max_write_chunk 1x", 3, "1x", 'max_write_chunk: invalid size "1x"'),
        ("read 1s", 3, "read", "timeouts: unrecognized subdirective: read"),
        ("read_timeout 1s {\n}", 3, "read_timeout", "read_timeout takes no block"),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(f"timeouts {{\n{lines}\n}}")

    assert found[:2] == (line, word)
    assert message in found[2]


def test_argument_is_warned_of() -> None:
    """Caddy passes over it, and over the block after it."""
    assert "30s and what follows is ignored" in warnings("timeouts 30s")[0]


async def test_it_does_not_run_yet() -> None:
    """No client is left without a limit silently."""
    error = await refusal({"handler": "timeouts", "read_timeout": 1})

    assert error.message.startswith("http.handlers.timeouts does not run")


@pytest.mark.parametrize("field", ["read_timeout", "write_timeout", "max_write_chunk"])
async def test_wrong_types(field: str) -> None:
    """Its fields are whole numbers; no text is read as a duration there."""
    error = await refusal({"handler": "timeouts", field: "5s"})

    assert error.path == f"handle/0/{field}"
