"""The path_regexp matcher."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from tests.matchers.matching import matches, provisioned, request


@pytest.mark.parametrize(
    ("pattern", "target", "expected"),
    [
        (r"b", "/abc", True),
        (r"^/a$", "/a", True),
        (r"^/a$", "/A", False),
        (r"(?i)^/a$", "/A", True),
        (r"^/a/b$", "/a//x/../b", True),
        (r"^/ü$", "/%C3%BC", True),
        (r"\.php$", "/x.php%0a", False),
    ],
)
async def test_expression_is_searched_in_the_clean_path(
    pattern: str, target: str, *, expected: bool
) -> None:
    """An expression may match anywhere in the decoded path, and counts case."""
    assert await matches({"path_regexp": {"pattern": pattern}}, target) is expected


async def test_groups_become_placeholders() -> None:
    """Groups are set by number and name, with the matcher's name and without."""
    match = await provisioned(path_regexp={"name": "r", "pattern": r"^/r/(?P<n>\d+)/(x)?"})
    asked = request("/r/12/")

    assert match(asked)
    groups = {"0": "/r/12/", "1": "12", "2": "", "n": "12"}
    assert asked.values == {
        f"http.regexp.{prefix}{key}": value
        for prefix in ("", "r.")
        for key, value in groups.items()
    }


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"pattern": "("}, "path_regexp/pattern"),
        ({"pattern": "(?=a)"}, "path_regexp/pattern"),
        ({"name": "-", "pattern": "a"}, "path_regexp/name"),
    ],
)
async def test_bad_expression_is_refused(config: dict[str, str], path: str) -> None:
    """What RE2 does not read is refused when the config is loaded, with its place."""
    with pytest.raises(ConfigError) as caught:
        await provisioned(path_regexp=config)

    assert caught.value.path == path
