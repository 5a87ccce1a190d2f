"""invoke."""

from __future__ import annotations

import textwrap

import pytest

from snake.adapter.adapt import adapt
from snake.standard import catalogue
from tests.adapter.test_adapt import refusal


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("invoke", "invoke takes one argument, got 0"),
        ("invoke a b", "invoke takes one argument, got 2"),
        ("invoke a {\n\t}", "invoke takes no block"),
    ],
)
def test_wrong_line_is_refused(line: str, message: str) -> None:
    """It takes a name and nothing else."""
    error = refusal(f"&(a) {{\n\trespond a\n}}\n:80 {{\n\t{line}\n}}")

    assert (error.line, error.message) == (5, message)


def test_directives_that_do_not_run_are_warned_of() -> None:
    """Caddy keeps one handler of a named route without matchers, and so do we; we say so."""
    text = """\
        &(a) {
        \theader X y
        \trespond hi
        }
        :80 {
        \tinvoke a
        }
        """

    _, warnings = adapt(textwrap.dedent(text), "Caddyfile", catalogue())

    assert "only the first directive runs" in "".join(map(str, warnings))
