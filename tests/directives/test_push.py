"""push: it is read and checked, and does nothing."""

from __future__ import annotations

import pytest

from tests.directives.adapted import handlers, mistake, refusal
from tests.site import site

SITE = """
:80 {
	push /a {
		HEAD /b
		headers {
			A b
		}
	}
	respond x
}
"""


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("push {\nGET\n}", 3, "GET", "GET takes a resource"),
        ("push {\n/a HEAD\n}", 3, "HEAD", "HEAD takes a resource"),
        ("push {\nheaders A b\n}", 3, "A", "headers takes no argument, got A"),
        ("push {\nheaders {\n?A b\n}\n}", 4, "?A", "?A: ? is for response headers only"),
        ("push {\nheaders {\nA b c d\n}\n}", 4, "d", "a header takes a value"),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


def test_what_follows_a_resource_is_one_too() -> None:
    """Caddy reads words there, and no lines."""
    (found,) = handlers("push {\n/a GET /b /c\n}")

    assert found["resources"] == [
        {"target": "/a"},
        {"method": "GET", "target": "/b"},
        {"target": "/c"},
    ]


async def test_nothing_is_pushed() -> None:
    """The response is that of what follows, and nothing more."""
    async with site(SITE) as served:
        response = await served.get("/")

    assert (response.status, response.text, len(response.messages)) == (200, "x", 2)


async def test_wrong_regexp() -> None:
    """What would change the headers of a push is checked."""
    replace = {"A": [{"search_regexp": "("}]}
    error = await refusal({"handler": "push", "headers": {"replace": replace}})

    assert error.path == "handle/0/headers/replace"


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"resources": ["/a"]}, "resources/0"),
        ({"resources": [{"target": 1}]}, "resources/0/target"),
        ({"headers": {"set": {"A": "b"}}}, "headers/set/A"),
    ],
)
async def test_wrong_types(config: dict[str, object], path: str) -> None:
    """Its fields are typed."""
    error = await refusal({"handler": "push", **config})

    assert error.path == f"handle/0/{path}"
