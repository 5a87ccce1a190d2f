"""Expressions: what is true, has no value, or is refused here, is so in Caddy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from snake.core.errors import ConfigError
from tests.caddy import binary
from tests.cel.test_evaluate import TRUE
from tests.differential.scenarios import Ask, Scenario, answers
from tests.site import site

FAILING = [
    "1 / 0 == 1",
    "9223372036854775807 + 1 == 0",
    "[1][1] == 1",
    '{"a": 1}["b"] == 1',
    '{"a": 1}.b == 1',
    "int(double({header.X-Big})) == 1",
    "{path} + 1 == 2",
    "{path} < 1",
    "{path} && true",
    "{path} ? true : false",
    "{vars.none}.size() == 1",
    "{vars.none}.a == 1",
    "{vars.none} + 1 == 2",
    "[0, 1].all(x, 1 / x == 1)",
    "[1].filter(x, {path}) == []",
    "cel.bind(x, 1 / 0, x == 1)",
    '"a".charAt(2) == ""',
    '"abc".substring(2, 1) == ""',
    '"abc".matches({header.X-Re})',
    '["a", dyn(1)].join() == ""',
    '"%d".format([dyn("a")]) == ""',
    "[1, 2].slice(1, 3) == []",
    '[1, "a"].sort() == []',
    "math.abs(-9223372036854775808) == 1",
    'timestamp("9999-12-31T23:59:59Z") + duration("1s") == timestamp(0)',
]
"""Expressions that have no value."""


@pytest.mark.timeout(120)
def test_values_are_equal(tmp_path: Path) -> None:
    """What is true here is true there, and what has no value here has none there."""
    expressions = [*TRUE, *FAILING]
    site = "".join(
        f"handle /{number} {{\n@it `{expression}`\nrespond @it yes\nrespond no\n}}\n"
        for number, expression in enumerate(expressions)
    )
    headers = [("X-Re", "("), ("X-Big", "1e30")]
    requests = tuple(Ask("GET", f"/{number}", headers) for number in range(len(expressions)))
    given = list(answers([Scenario("expressions", requests, site)], tmp_path))

    assert [expressions[int(each.ask.target[1:])] for each in given if not each.right] == []
    bodies = [each.snake.body for each in given]
    assert bodies == [b"yes"] * len(TRUE) + [b""] * len(FAILING)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "expression",
    [
        '1 + "a" == 2',
        "1 < 1.5",
        "true && 1",
        'true ? 1 : "a"',
        "none(1)",
        "none",
        '"a".none()',
        "{path}.all(x, true)",
        'int("a") == 1',
        '"a".matches("[")',
        '"%s".format([1, 2]) == ""',
        '"{path}" == "a"',
        "{path}{path} == 1",
        "path()",
        "path(1)",
        'path_regexp("a", "b", "c")',
        'path_regexp("[")',
        'header("A")',
        'header({"A": 1})',
        'file({"none": "a"})',
        'file({"try_files": "a"})',
        'remote_ip("none")',
        "tls()",
        "1 ==",
        "[1].existsOne(x, x == 1)",
    ],
)
async def test_both_refuse(expression: str, tmp_path: Path) -> None:
    """What is refused here when the config is loaded is refused there."""
    text = f"http://127.0.0.1:8080 {{\n@it `{expression}`\nrespond @it yes\n}}\n"
    (tmp_path / "Caddyfile").write_text(text)
    theirs = _validate(tmp_path)

    assert theirs.returncode == 1, theirs.stderr
    with pytest.raises(ConfigError, match="at position"):
        async with site(text):
            pass


def _validate(folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [binary(), "validate", "--config", "Caddyfile"],
        cwd=folder,
        env={"PATH": "", "HOME": str(folder)},
        capture_output=True,
        timeout=20,
        check=False,
    )
