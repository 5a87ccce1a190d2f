"""Caddy and snake make the same spans of the same requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.differential.pair import pair
from tests.tracing.collector import Span, collector

SITE = """
http://:PORT {
	tracing {
		span "{method} {path} {vars.none}"
		span_attributes {
			host "{host} {vars.none}"
			field {http.response.header.X-A}
		}
	}
	header X-A a
	respond /none 204
	respond /status no 500
	respond hello
}
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
ASKS: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "/?a=b", {"User-Agent": "agent"}),
    ("HEAD", "/head", {}),
    ("POST", "/post", {"Host": "a.test:8080"}),
    ("BREW", "/brew", {"Host": "a.test:80"}),
    ("GET", "/none", {}),
    ("GET", "/status", {}),
    ("GET", "/on", {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}),
    ("GET", "/bad", {"traceparent": "00-zz"}),
]


PATHS = [target.partition("?")[0] for _, target, _ in ASKS]


def comparable(span: Span, ports: set[int]) -> tuple[Any, ...]:
    """Return what must be equal of a span: no random IDs, and no ports."""
    attributes = {
        name: "PORT" if value in ports or name == "network.peer.port" else value
        for name, value in span.attributes.items()
    }
    trace = span.trace if span.parent else ""
    return span.name, span.kind, trace, span.parent, span.failed, attributes


def test_spans_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, kinds, parents, states and attributes are the same."""
    told: dict[str, list[tuple[Any, ...]]] = {"Caddy": [], "snake": []}
    with collector() as spans:
        for name, value in spans.environment.items():
            monkeypatch.setenv(name, value)
        with pair(SITE, tmp_path) as both:
            for method, target, headers in ASKS:
                both.ask(target, method, headers, host="example.test")
            arrived = spans.wait_for(2 * len(ASKS))
    for span in sorted(arrived, key=lambda span: PATHS.index(span.attributes["url.path"])):
        told[span.resource["webengine.name"]].append(comparable(span, {both.caddy, both.snake}))

    assert len(told["Caddy"]) == len(ASKS)
    assert told["snake"] == told["Caddy"]
