"""Texts that are made for the regular expressions of a config (ReDoS), with real sockets."""

from __future__ import annotations

import time
from pathlib import Path

import httpx

from tests.server import running

SITE = r"""http://:PORT {
	bind 127.0.0.1
	map {header.X-Map} {mapped} {
		~^(.*)-(.*)-(.*)x$ "$1"
		default none
	}
	@path path_regexp ^/((a+)+)+$
	@header header_regexp X-A ^(\w+\s?)*$
	@vars vars_regexp {query.q} (.*)(.*)(.*)!$
	@matches `{header.X-B}.matches("(x+x+)+y")`
	@given `{header.X-Text}.matches({header.X-Re})`
	@pattern url_pattern /((?:a+)+)b
	uri path_regexp (b|b)*c d
	request_header X-C (c*)*d e
	respond @path "path"
	respond @header "header"
	respond @vars "vars"
	respond @matches "matches"
	respond @given "given"
	respond @pattern "pattern"
	respond "{mapped}"
}
"""


CASES: list[tuple[str, dict[str, str]]] = [
    ("/" + "a" * 7000 + "!", {}),
    ("/" + "b" * 7000 + "!", {}),
    ("/?q=" + "a" * 7000, {}),
    ("/", {"X-A": "a" * 12_000 + "!"}),
    ("/", {"X-A": "a " * 6000 + "!"}),
    ("/", {"X-Map": "-" * 12_000}),
    ("/", {"X-B": "x" * 12_000}),
    ("/", {"X-C": "c" * 12_000}),
    ("/", {"X-Text": "a" * 10_000 + "!", "X-Re": "(a|a)*$"}),
    ("/", {"X-Text": "a" * 10_000 + "!", "X-Re": "((a{1,30}){1,30})+$"}),
    ("/", {"X-Text": "é" * 5_000 + "\xff!", "X-Re": "(.*)(.*)x$"}),
]


def test_answers_come_at_once(tmp_path: Path) -> None:
    """No text keeps a worker for longer than it is long."""
    with running(SITE, tmp_path) as server, httpx.Client(timeout=10) as client:
        client.get(server.url)
        for target, headers in CASES:
            fields = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
            start = time.monotonic()
            answer = client.get(f"{server.url}{target}", headers=fields)

            assert answer.status_code == 200
            assert time.monotonic() - start < 1, (target[:9], headers)
