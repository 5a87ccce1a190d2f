"""How named matchers are defined, whatever is in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snake.adapter.adapt import adapt
from snake.config.document import encode
from snake.core.errors import ConfigError
from snake.plugin import CaddyfileError
from snake.standard import catalogue
from tests.matchers.matching import matches


def matched(definition: str) -> Any:
    """Return the JSON of the matcher set `@a` that a definition makes."""
    document, _ = adapt(f":80 {{\n{definition}\nerror @a 404\n}}", "Caddyfile", catalogue())
    [server] = json.loads(encode(document))["apps"]["http"]["servers"].values()
    [route] = server["routes"]
    return route["match"][0]


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("@a", {}),
        ("@a {\n}", {}),
        ("@a path", {"path": None}),
        ("@a method", {"method": None}),
        ("@a file", {"file": {}}),
        ("@a remote_ip", {"remote_ip": {}}),
        ("@a path /x {\n}", {"path": ["/x"]}),
        ("@a {\npath /x\nmethod GET\npath /y\n}", {"path": ["/x", "/y"], "method": ["GET"]}),
        ("@a `x` ignored", {"expression": {"expr": "x", "name": "a"}}),
        ('@a {\n"path" /x\n}', {"path": ["/x"]}),
        ("@a protocol http ignored https", {"protocol": "https"}),
        ("@a header A b ignored C d", {"header": {"A": ["b"], "C": ["d"]}}),
        ("@a header !A\n", {"header": {"A": None}}),
        ("@a {\nheader !A\nheader A b\n}", {"header": {"A": ["b"]}}),
        ("@a {\nheader A b\nheader !A\n}", {"header": {"A": None}}),
        ('@a path_regexp ""', {"path_regexp": {"name": "a", "pattern": ""}}),
        (
            '@a {\npath_regexp own ""\npath_regexp x\n}',
            {"path_regexp": {"name": "own", "pattern": "x"}},
        ),
        ("@a not path_regexp x", {"not": [{"path_regexp": {"pattern": "x"}}]}),
        ("@a not", {"not": [{}]}),
        ("@a not `x` path /y", {"not": [{"expression": "x", "path": ["/y"]}]}),
        ("@a {\nnot path /x\nnot {\n}\n}", {"not": [{"path": ["/x"]}, {}]}),
        ('@a expression a == "b"', {"expression": 'a == "b"'}),
        ("@a expression <<X\nb\nX", {"expression": {"expr": "b", "name": "a"}}),
        (
            "@a file x {\ntry_files y\nroot z try_policy w\n}",
            {"file": {"root": "z", "try_files": ["x", "y"], "try_policy": "w"}},
        ),
    ],
)
def test_definitions(definition: str, expected: object) -> None:
    """Lines of one matcher add up, and what nobody reads is read as Caddy reads it."""
    assert matched(definition) == expected


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("@a path /x\n@a path /y", "matcher is defined more than once: @a"),
        ("@a pth /x", 'unrecognized matcher: pth; did you mean "path"?'),
        ("@a host x {\ny\n}", "host takes no block"),
        ("@a method GET {\ny\n}", "method takes no block"),
        ("@a query x=y {\nz\n}", "query takes no block"),
        ("@a query x", "malformed query matcher token: x; must be in param=val format"),
        ("@a protocol", "protocol takes one argument"),
        ("@a protocol http https", "protocol takes one argument"),
        ("@a remote_ip forwarded", "use the 'client_ip' matcher instead"),
        ("@a path_regexp", "path_regexp takes a regular expression"),
        ("@a path_regexp a b c", "path_regexp takes a name and a regular expression, got c"),
        ("@a {\npath_regexp x\npath_regexp y\n}", "can only be used once per named matcher"),
        ("@a expression", "expression takes an expression"),
        ("@a file {\ntry_fils x\n}", 'did you mean "try_files"?'),
        ("@a file {\ntry_files\n}", "try_files takes the files to try"),
        ("@a file {\nsplit_path\n}", "split_path takes the delimiters"),
        ("@a file {\nroot\n}", "root takes an argument"),
        ("@a not path /x {\nmethod GET\n}", "path takes no block"),
        ("@a not @b", "unrecognized matcher: @b"),
    ],
)
def test_wrong_definitions(definition: str, message: str) -> None:
    """What Caddy refuses is refused with the reason."""
    with pytest.raises(CaddyfileError) as raised:
        matched(definition)

    assert message in str(raised.value)


@pytest.mark.parametrize("name", ["host", "path", "method"])
async def test_matcher_cannot_be_null(name: str) -> None:
    """`@a host` adapts to a matcher that is `null`; like Caddy, we do not run it."""
    with pytest.raises(ConfigError, match=f"{name}: module value cannot be null"):
        await matches({name: None})
