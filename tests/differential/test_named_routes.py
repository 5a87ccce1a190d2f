"""Caddy and snake invoke named routes alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.pair import Pair, pair

ROUTES = """
&(plain) {
	respond `plain {path}`
}
&(goes-on) {
	@x path /x*
	header @x X-Seen {path}
	rewrite /x/old /x/new
}
&(nested) {
	handle /a* {
		uri strip_prefix /a
		invoke plain
	}
	handle {
		invoke goes-on
	}
}
&(itself) {
	@more path /n*
	handle @more {
		uri strip_prefix /n
		invoke itself
	}
	respond `end {path} of {orig_uri}`
}
&(fails) {
	@teapot path /tea
	error @teapot 418
	error 404
}
&(grouped) {
	handle /g {
		header X-Group named
	}
	handle {
		header X-Group other
	}
}
&(method-and-vars) {
	method PUT
	vars who {header.X-Who}
}
"""

SITES = {
    "plain.test": "invoke plain",
    "matched.test": "invoke /x* plain\nrespond other",
    "on.test": "invoke goes-on\nrespond `then {path}`",
    "twice.test": "route {\ninvoke goes-on\ninvoke goes-on\nrespond `then {path}`\n}",
    "nested.test": "invoke nested\nrespond `after {path}`",
    "itself.test": "invoke itself",
    "fails.test": "invoke fails\nhandle_errors {\nrespond `{err.status_code} {path}`\n}",
    "in-errors.test": "error 500\nhandle_errors {\ninvoke goes-on\ninvoke plain\n}",
    "grouped.test": "invoke grouped\nhandle /g {\nrespond a\n}\nhandle {\nrespond b\n}",
    "vars.test": "invoke method-and-vars\nroute {\nrespond `{method} {vars.who}`\n}",
}
TARGETS = ("/", "/x", "/x/old", "/a/b", "/n/n/n/z", "/tea", "/g")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Serve every site with both; all are one server, which has all the routes."""
    sites = "\n".join(f"http://{host}:PORT {{\n{lines}\n}}" for host, lines in SITES.items())
    with pair(f"{ROUTES}{sites}\n", tmp_path_factory.mktemp("both")) as servers:
        yield servers


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("host", SITES)
def test_same_answer(both: Pair, host: str, target: str) -> None:
    """One request to one site has one answer, wherever its routes are written."""
    caddy, snake = both.ask(target, headers={"Host": host, "X-Who": "me"})

    assert snake == caddy
