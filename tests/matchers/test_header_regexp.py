"""The header_regexp matcher."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from snake.plugin import CaddyfileError
from tests.matchers.matching import matches, provisioned, request
from tests.site import site


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"X-A": {"pattern": "^on"}}, True),
        ({"x-a": {"pattern": "^ON"}}, False),
        ({"X-A": {"pattern": ""}}, True),
        ({"X-C": {"pattern": ""}}, False),
        ({"X-A": {"pattern": "one"}, "X-B": {"pattern": "two"}}, True),
        ({"X-A": {"pattern": "one"}, "X-B": {"pattern": "one"}}, False),
        ({"Host": {"pattern": r"^example\.com$"}}, True),
    ],
)
async def test_every_field_matches(config: dict[str, object], *, expected: bool) -> None:
    """Every field given must have a value in which its expression is found."""
    headers = {"x-a": "one", "x-b": "two"}
    assert await matches({"header_regexp": config}, headers=headers) is expected


async def test_groups_become_placeholders() -> None:
    """Of several values, the first that matches gives the groups."""
    match = await provisioned(header_regexp={"Cookie": {"name": "c", "pattern": r"id=(\d+)"}})
    made = request(headers={"cookie": "a=b; id=12"})

    assert match(made)
    assert made.values == {
        "http.regexp.0": "id=12",
        "http.regexp.1": "12",
        "http.regexp.c.0": "id=12",
        "http.regexp.c.1": "12",
    }


async def test_name_is_that_of_the_matcher() -> None:
    """An expression without a name takes that of the named matcher, if it has one."""
    text = ":80 {\n@a header_regexp X-A (b+)\nrespond @a {re.a.1}{re.1}\n}"
    async with site(text) as served:
        assert (await served.get(headers={"X-A": "abbc"})).text == "bbbb"


async def test_bad_expression_is_refused() -> None:
    """The place names the field."""
    with pytest.raises(ConfigError) as caught:
        await provisioned(header_regexp={"X-A": {"pattern": "("}})

    assert caught.value.path == "header_regexp/X-A/pattern"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("@a header_regexp X-A", "header_regexp takes what to search and a regular expression"),
        ("@a header_regexp n X-A b c", "header_regexp takes what to search"),
        ("@a {\nheader_regexp A b\nheader_regexp A c\n}", "per header field: A"),
    ],
)
def test_wrong_line_is_refused(lines: str, message: str) -> None:
    """What Caddy refuses is refused with the reason."""
    with pytest.raises(CaddyfileError) as raised:
        site(f":80 {{\n{lines}\n}}")

    assert message in str(raised.value)
