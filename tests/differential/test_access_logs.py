"""Caddy and snake write of the same requests, to the same logs."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from tests.differential.pair import pair

SITES = """
http://one.test:PORT {
	log {
		output file one.log
	}
	log other {
		output file other.log
		no_hostname
	}
	log_skip /skip
	skip_log /old
	vars /text log_skip "true"
	vars /true log_skip true
	log_name /named other
	log_name /both other log0
	log_name /nobody nobody
	route /none {
		log_name
	}
	handle /late/* {
		respond late
		log_skip /late/skip
	}
	error /fails 500
	handle_errors {
		log_skip /fails
		respond failed
	}
	respond ok
}

http://two.test:PORT {
	log_name /named other
	respond ok
}
"""
HOSTS = ("one.test", "two.test")
TARGETS = (
    *("/", "/skip", "/old", "/text", "/true", "/named", "/both", "/nobody", "/none"),
    *("/late/skip", "/late/x", "/fails", "/last"),
)


def written(folder: Path) -> dict[str, Sequence[tuple[str, str, int]]]:
    """Return which requests each log has, and with which logger, once the last is there."""
    for _ in range(200):
        last = folder / "one.log"
        if last.exists() and "/last" in last.read_text():
            break
        time.sleep(0.05)
    return {
        name: [
            (record["logger"], record["request"]["uri"], record["status"])
            for record in map(json.loads, (folder / name).read_text().splitlines())
        ]
        for name in ("one.log", "other.log")
    }


def test_same_requests_are_logged(tmp_path: Path) -> None:
    """What is skipped is skipped, and what is named goes to the logs of that name."""
    with pair(SITES, tmp_path, workers=1) as both:
        for host in reversed(HOSTS):
            for target in TARGETS:
                caddy, snake = both.ask(target, headers={"Host": host})
                assert snake == caddy
        theirs, ours = written(tmp_path / "caddy"), written(tmp_path / "snake")

    assert ours == theirs
    assert len(theirs["one.log"]) > 5


FIELDS = """
http://:PORT {
	log {
		output file access.log
	}
	log_append where {http.request.uri.path}
	log_append <early {http.vars.v}
	log_append late {http.vars.v}
	log_append <name v
	log_append named v
	log_append text "a {path}"
	log_append unknown {nope.x}
	log_append code {http.error.status_code}
	log_append header {http.request.header.X}
	log_append seen {http.response.header.X-Early}
	log_append /body body {http.response.body}
	log_append /body body64 {http.response.body_base64}
	log_append /twice late twice
	log_append number n
	log_append truth t
	map {path} {mapped} {
		/twice two
	}
	log_append mapped {mapped}
	vars v value
	vars n 1.50
	vars t true
	header X-Early 1
	header /set >X-Late 2
	respond /body "the body"
	respond /twice "twice" 201
	respond /set 204
	respond /post "{http.request.header.Content-Type}"
	redir /moved /to
	error /missing 404
	error /failed "why" 500
	handle /user {
		vars http.auth.user.id bob
		respond "hi"
	}
	handle_errors 5xx {
		log_append in_errors {err.message}
		respond "failed"
	}
}
"""
_MOMENTARY = {"ts", "duration"}


def _records(path: Path, count: int) -> list[dict[str, object]]:
    """Return what was logged, once it is so many records, without what differs every time."""
    for _ in range(200):
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= count:
            break
        time.sleep(0.05)
    records = []
    for record in map(json.loads, lines):
        record["request"]["remote_port"] = record["request"]["host"] = ""
        fields = record["resp_headers"]
        # Go's list of no values says that there is no type, and that none shall be guessed.
        if not fields.get("Content-Type"):
            fields.pop("Content-Type", None)
        fields["Server"] = ["snake" if name == "Caddy" else name for name in fields["Server"]]
        records.append({name: record[name] for name in record if name not in _MOMENTARY})
    return records


def test_same_records(tmp_path: Path) -> None:
    """Each has the same fields with the same values, those of log_append too."""
    targets = (
        *("/", "/body", "/twice", "/set", "/moved", "/missing", "/failed", "/user", "/x?a=b%20c"),
        *("/%C3%A9", "/b//../c"),
    )
    with pair(FIELDS, tmp_path, workers=1) as both:
        for target in targets:
            caddy, snake = both.ask(target, headers={"X": "y", "Cookie": "secret"})
            assert snake == caddy
        caddy, snake = both.ask("/post", "POST", {"Content-Type": "a/b"}, b"12345")
        assert snake == caddy
        count = len(targets) + 1
        theirs = _records(tmp_path / "caddy" / "access.log", count)
        ours = _records(tmp_path / "snake" / "access.log", count)

    assert len(theirs) == count
    for mine, their in zip(ours, theirs, strict=True):
        assert mine == their
        assert list(mine) == list(their)
