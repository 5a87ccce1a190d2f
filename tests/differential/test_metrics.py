"""Caddy and snake count the same requests, and name what they count equally."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.differential.pair import pair
from tests.differential.upstream import upstream
from tests.server import free_port

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


PROXIES = """
http://:PORT {
	handle /metrics {
		metrics
	}
	reverse_proxy /size UPSTREAM DEAD
	reverse_proxy /status/* DEAD
}
"""


def test_upstreams_are_told(tmp_path: Path) -> None:
    """Each upstream in the config has a gauge, and is healthy until known better."""
    with upstream() as port:
        site = PROXIES.replace("UPSTREAM", f"127.0.0.1:{port}")
        site = site.replace("DEAD", f"127.0.0.1:{free_port()}")
        with pair(site, tmp_path, options="metrics") as both:
            both.ask("/size?n=1")
            caddy, snake = both.ask("/metrics")

    theirs, ours = (
        [
            (sample.labels, sample.value)
            for family in parse(reply.body.decode())
            for sample in family.samples
            if sample.name == "caddy_reverse_proxy_upstreams_healthy"
        ]
        for reply in (caddy, snake)
    )
    assert ours == theirs
    assert [value for _, value in ours] == [1, 1]
