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
    with pair(SITES, tmp_path) as both:
        for host in reversed(HOSTS):
            for target in TARGETS:
                caddy, snake = both.ask(target, headers={"Host": host})
                assert snake == caddy
        theirs, ours = written(tmp_path / "caddy"), written(tmp_path / "snake")

    assert ours == theirs
    assert len(theirs["one.log"]) > 5
