"""Caddy and snake count the same requests, and name what they count equally."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.differential.pair import pair

SITES = """
http://a.test:PORT, http://b.test:PORT {
	handle /metrics {
		metrics
	}
	handle /e {
		error 418
	}
	handle /file/* {
		root /nonexistent
		file_server
	}
	handle {
		rewrite /r /query?a=b
		respond hello
	}
	handle_errors {
		respond failed
	}
}
http://:PORT {
	header X-A a
	respond /x x
}
"""
ASKS = (
    *(("GET", "/", "a.test"), ("GET", "/", "a.test"), ("POST", "/r", "b.test")),
    *(("HEAD", "/", "a.test"), ("BREW", "/", "a.test"), ("GET", "/e", "b.test")),
    *(("GET", "/file/x", "a.test"), ("GET", "/x", "c.test"), ("GET", "/y", "d.test")),
)


def figures(text: str) -> dict[str, float | str]:
    """Return the samples of HTTP requests; of times, only how many there are."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in parse(text)
        for sample in family.samples
        if sample.name.startswith("caddy_http")
        and not ("duration" in sample.name and not sample.name.endswith("_count"))
    }


@pytest.mark.parametrize("options", ["", "per_host", "per_host\nobserve_catchall_hosts"])
def test_figures_are_equal(options: str, tmp_path: Path) -> None:
    """After the same requests, every name, label and count is the same."""
    with pair(SITES, tmp_path, options=f"metrics {{\n{options}\n}}") as both:
        for method, target, host in ASKS:
            both.ask(target, method, {"Host": host})
        caddy, snake = both.ask("/metrics", headers={"Host": "a.test"})

    theirs, ours = figures(caddy.body.decode()), figures(snake.body.decode())
    assert ours == theirs
    assert len(theirs) > 50
