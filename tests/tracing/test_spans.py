"""Spans as a collector gets them, from real processes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server import ROOT, Server, free_port, run, running
from tests.tracing.collector import Collector, Span, collector

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
SITE = """{
	admin off
}
http://127.0.0.1:PORT {
	log
	tracing {
		span "{method} {path} {vars.none}"
		span_attributes {
			both "{vars.trace_id} {vars.span_id}"
			late {http.response.header.X-Late}
		}
	}
	handle /error/* {
		error failed {path.1}
	}
	handle /status/* {
		respond no {path.1}
	}
	handle {
		header X-Late late
		vars ids "{vars.trace_id} {vars.span_id}"
		respond "{vars.ids} {header.traceparent} {header.tracestate} {header.baggage}"
	}
	handle_errors {
		respond "{vars.trace_id}"
	}
}
"""


@pytest.fixture(scope="module")
def spans() -> Iterator[Collector]:
    """A collector for all tests."""
    with collector() as found:
        yield found


@pytest.fixture(scope="module")
def server(spans: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests, which sends its spans there."""
    folder = tmp_path_factory.mktemp("tracing")
    with running(SITE, folder, env=spans.environment) as served:
        yield served


def last(spans: Collector, path: str) -> Span:
    """Return the span of the request for a path, when it is there."""
    for _ in range(200):
        for span in spans.spans:
            if span.attributes["url.path"] == path:
                return span
        time.sleep(0.05)
    raise AssertionError(spans.spans)


def test_span_of_a_request(server: Server, spans: Collector) -> None:
    """A span has the name and the attributes of its request, and those that were asked for."""
    answer = httpx.get(f"{server.url}/one?a=b", headers={"User-Agent": "agent"})
    trace, id, parent, *_ = answer.text.split(" ")
    span = last(spans, "/one")

    assert (span.name, span.kind, span.trace, span.id, span.parent, span.failed) == (
        "GET /one ",
        2,
        trace,
        id,
        "",
        False,
    )
    assert parent.startswith(f"00-{trace}-{id}-0")
    attributes = span.attributes
    assert isinstance(attributes.pop("network.peer.port"), int)
    assert attributes == {
        "http.request.method": "GET",
        "http.response.body.size": len(answer.content),
        "http.response.status_code": 200,
        "url.scheme": "http",
        "url.path": "/one",
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "client.address": "127.0.0.1",
        "network.peer.address": "127.0.0.1",
        "network.protocol.version": "1.1",
        "user_agent.original": "agent",
        "both": f"{trace} {id}",
        "late": "late",
    }
    resource = span.resource
    assert resource["service.name"] == "tested"
    assert resource["deployment.environment"] == "test"
    assert resource["webengine.name"] == "snake"
    assert spans.paths == {"/v1/traces"}


def test_trace_goes_on(server: Server, spans: Collector) -> None:
    """A trace that the client tells of goes on, with what it carries; the log knows it."""
    headers = {
        "traceparent": f"00-{TRACE}-{PARENT}-01",
        "tracestate": "x=y",
        "baggage": "k=v",
    }
    answer = httpx.get(f"{server.url}/two", headers=headers)
    span = last(spans, "/two")

    trace, id, _, state, baggage = answer.text.split(" ")
    assert (trace, state, baggage) == (TRACE, "x=y", "k=v")
    assert (span.trace, span.id, span.parent) == (TRACE, id, PARENT)
    records = [r for r in server.records if r.get("request", {}).get("uri") == "/two"]
    assert [(r["traceID"], r["spanID"]) for r in records] == [(TRACE, id)]


@pytest.mark.parametrize("path", ["/error/503", "/error/404", "/status/500"])
def test_failures(server: Server, spans: Collector, path: str) -> None:
    """A request that ends with an error has its status; from 500 on its span has failed."""
    answer = httpx.get(f"{server.url}{path}")
    span = last(spans, path)

    assert span.attributes["http.response.status_code"] == answer.status_code
    assert span.failed is (answer.status_code >= 500)


@pytest.mark.parametrize(
    "value",
    [
        "zz",
        f"00-{TRACE}-{PARENT}",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        "é",
        "x" * 9000,
    ],
)
def test_traceparent_that_is_none(server: Server, value: str) -> None:
    """What is no traceparent begins a new trace, and is not passed on."""
    headers = [(b"traceparent", value.encode("latin-1"))]
    trace, _, parent, *_ = httpx.get(f"{server.url}/odd", headers=headers).text.split(" ")

    assert len(trace) == 32
    assert TRACE not in parent
    assert parent.startswith(f"00-{trace}")


def test_trace_that_is_not_sampled(server: Server, spans: Collector) -> None:
    """A trace that is not recorded goes on as such, and no span is sent."""
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
    _, _, parent, *_ = httpx.get(f"{server.url}/unseen", headers=headers).text.split(" ")
    httpx.get(f"{server.url}/seen")
    last(spans, "/seen")

    assert parent.startswith(f"00-{TRACE}-")
    assert parent.endswith("-00")
    assert "/unseen" not in [span.attributes["url.path"] for span in spans.spans]


def test_bytes_that_are_no_text(server: Server, spans: Collector) -> None:
    """Bytes that are not UTF-8, and methods that nobody knows, become a span as well."""
    httpx.request("BREW", f"{server.url}/%FF", headers=[(b"User-Agent", b"\xff")])
    span = last(spans, "/�")

    assert span.attributes["http.request.method"] == "_OTHER"
    assert span.attributes["http.request.method_original"] == "BREW"


@pytest.mark.parametrize("kind", ["nobody listens", "never answers"])
def test_dead_collector_hurts_nobody(tmp_path: Path, kind: str) -> None:
    """Without a collector requests are served as ever, it is told once, and the end is soon."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = free_port() if kind == "nobody listens" else silent.getsockname()[1]
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_BSP_SCHEDULE_DELAY": "20",
            "OTEL_BSP_MAX_QUEUE_SIZE": "64",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8",
        }
        with running(SITE, tmp_path, env=environment) as server:
            with httpx.Client(base_url=server.url, timeout=5) as client:
                statuses = {client.get("/x").status_code for _ in range(400)}
            if kind == "nobody listens":
                time.sleep(0.5)
            before = time.monotonic()
            assert server.stop() == 0
            took = time.monotonic() - before
            complaints = [r for r in server.records if r.get("logger") == "telemetry"]

    assert statuses == {200}
    assert took < 15
    assert len(complaints) < 20
    assert "Traceback" not in server.log


def test_spans_are_sent_at_the_end(tmp_path: Path) -> None:
    """What waits to be sent when the server stops is sent."""
    with collector() as spans:
        environment = spans.environment | {"OTEL_BSP_SCHEDULE_DELAY": "60000"}
        with running(SITE, tmp_path, env=environment) as server:
            for number in range(5):
                httpx.get(f"{server.url}/{number}")
            assert spans.spans == []
            server.stop()

        assert len(spans.wait_for(5)) == 5


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER is 'zipkin'"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "smoke"}, "OTEL_EXPORTER_OTLP_PROTOCOL is 'smoke'"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "pip install opentelemetry-exporter-otlp-proto-grpc",
        ),
        ({"OTEL_PROPAGATORS": "smoke"}, "OTEL_PROPAGATORS"),
    ],
)
def test_wrong_environment(environment: dict[str, str], message: str, tmp_path: Path) -> None:
    """What the environment asks for and is not there stops the start, with its place."""
    (tmp_path / "Caddyfile").write_text(SITE.replace("PORT", "80"))
    done = run("validate", folder=tmp_path, env=environment)

    assert done.returncode == 1
    assert message in done.stderr
    assert "Caddyfile:6" in done.stderr


def test_nothing_is_sent_if_not_wanted(tmp_path: Path) -> None:
    """With `none` spans go nowhere, and the headers still tell of them."""
    with running(SITE, tmp_path, env={"OTEL_TRACES_EXPORTER": "none"}) as server:
        trace, _, parent, *_ = httpx.get(server.url).text.split(" ")

        assert parent.startswith(f"00-{trace}")


def test_packages_are_missing(tmp_path: Path) -> None:
    """Without the packages, it is told how to install them."""
    (tmp_path / "Caddyfile").write_text(SITE.replace("PORT", "80"))
    hidden = tmp_path / "hidden/opentelemetry"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('not here')")
    path = f"{hidden.parent}:{ROOT}"
    done = run("validate", folder=tmp_path, env={"PYTHONPATH": path})

    assert done.returncode == 1
    assert 'pip install "snake-server[tracing]"' in done.stderr
    assert "Caddyfile:6" in done.stderr
