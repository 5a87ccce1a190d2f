"""The vars_regexp matcher."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from snake.plugin import CaddyfileError
from tests.matchers.matching import provisioned, request
from tests.site import site


async def test_a_variable_matches() -> None:
    """One of the variables must match; its groups become placeholders."""
    match = await provisioned(
        vars_regexp={
            "v": {"name": "r", "pattern": "^(t.)n"},
            "{http.request.uri.path}": {"pattern": "^/x"},
        }
    )
    made = request("/y")
    made.vars["v"] = "tenant"

    assert match(made)
    assert (made.values or {})["http.regexp.r.1"] == "te"
    assert match(request("/x"))
    assert not match(request("/y"))


async def test_name_is_that_of_the_matcher() -> None:
    """A nameless expression has the name of the matcher; the last for a variable counts."""
    text = """:80 {
        @a {
            vars_regexp {path} nothing
            vars_regexp {path} ^/(\\w+)$
        }
        respond @a {re.a.1}
    }"""
    async with site(text) as served:
        assert (await served.get("/word")).text == "word"


async def test_bad_expression_is_refused() -> None:
    """The place names the variable."""
    with pytest.raises(ConfigError) as caught:
        await provisioned(vars_regexp={"v": {"pattern": "("}})

    assert caught.value.path == "vars_regexp/v/pattern"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("@a vars_regexp x", "vars_regexp takes what to search and a regular expression"),
        ("@a vars_regexp a b c d", "vars_regexp takes what to search and a regular expression"),
    ],
)
def test_wrong_line_is_refused(lines: str, message: str) -> None:
    """What Caddy refuses is refused with the reason."""
    with pytest.raises(CaddyfileError) as raised:
        site(f":80 {{\n{lines}\n}}")

    assert message in str(raised.value)
