"""timeouts: how slow a client may be with some requests."""

from __future__ import annotations

import pytest

from snake.transport.asgi import CLIENT
from snake.transport.limits import Limits
from tests.directives.adapted import mistake, refusal, warnings
from tests.site import site


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


class Client:
    """A client that remembers its limits."""

    def __init__(self) -> None:
        self.limits: list[Limits] = []

    def limit(self, limits: Limits) -> None:
        """Take limits."""
        self.limits.append(limits)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("read_timeout 1.5s", Limits(1.5)),
        ("read_timeout 1s 100\nwrite_timeout 2m 50", Limits(1, 100, 120, 50)),
        ("max_write_chunk 1KB\nwrite_timeout 3s", Limits(None, 0, 3)),
        ("read_timeout 0s", Limits()),
    ],
)
async def test_limits_of_the_client(lines: str, expected: Limits) -> None:
    """Who is matched gets these limits, and nobody else."""
    client = Client()
    extensions = {CLIENT: client}
    text = f"http://localhost {{\ntimeouts /slow {{\n{lines}\n}}\nrespond ok\n}}"
    async with site(text) as running:
        assert (await running.get("/", extensions=extensions)).text == "ok"
        assert client.limits == []
        assert (await running.get("/slow", extensions=extensions)).text == "ok"
        assert client.limits == [expected]
        assert (await running.get("/slow")).text == "ok"


@pytest.mark.parametrize("field", ["read_timeout", "write_timeout", "max_write_chunk"])
async def test_wrong_types(field: str) -> None:
    """Its fields are whole numbers; no text is read as a duration there."""
    error = await refusal({"handler": "timeouts", field: "5s"})

    assert error.path == f"handle/0/{field}"
