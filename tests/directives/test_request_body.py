"""request_body."""

from __future__ import annotations

import pytest

from tests.directives.adapted import mistake, refusal, warnings


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("request_body {\nmax_size\n}", 3, "max_size", "max_size takes one argument, got 0"),
        ("request_body {\nmax_size 1 MB\n}", 3, "MB", "max_size takes one argument, got 2"),
        ("request_body {\nmax_size ten\n}", 3, "ten", 'max_size: invalid size "ten"'),
        ("request_body {\nset\n}", 3, "set", "set takes one text, got 0"),
        ("request_body {\nset a b\n}", 3, "b", "set takes one text, got 2"),
        ("request_body {\nset a {\n}\n}", 3, "set", "set takes no block"),
        ("request_body {\nmax-size 1\n}", 3, "max-size", 'did you mean "max_size"?'),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


def test_argument_is_warned_of() -> None:
    """Caddy passes over it, and over the block after it."""
    assert warnings("request_body 10MB {\nset x\n}") == [
        "Caddyfile:2: request_body: 10MB and what follows is ignored"
    ]


async def test_wrong_types() -> None:
    """Its fields are typed."""
    error = await refusal({"handler": "request_body", "max_size": "10MB"})

    assert error.path == "handle/0/max_size"
