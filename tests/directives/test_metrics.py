"""metrics: what has been counted, as text."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse

from snake.http.errors import AbortError
from tests.directives.adapted import mistake, refusal
from tests.site import Site, site, site_of_json

NEWER = "application/openmetrics-text"


def measured(*routes: dict[str, Any], **metrics: bool) -> Site:
    """Return a site that counts, and tells at /metrics what it has counted."""
    shown = {"match": [{"path": ["/metrics"]}], "handle": [{"handler": "metrics"}]}
    servers = {"one": {"listen": [":80"], "routes": [shown | {"terminal": True}, *routes]}}
    return site_of_json({"apps": {"http": {"servers": servers, "metrics": metrics}}})


def answer(**fields: Any) -> dict[str, Any]:
    """Return a route that answers."""
    return {"handle": [{"handler": "static_response", **fields}]}


async def values(s: Site, name: str) -> dict[tuple[str, ...], float]:
    """Return the samples of a name, by the values of their labels in order of the labels."""
    text = (await s.get("/metrics")).text
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in parse(text)
        for sample in family.samples
        if sample.name == name and sample.labels.get("handler") != "metrics"
    }


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("metrics all", 2, "all", "metrics takes no argument, got all"),
        ("metrics {\nall\n}", 3, "all", "metrics: unrecognized subdirective: all"),
        ("metrics {\ndisable_openmetrics yes\n}", 3, "yes", "unrecognized subdirective: yes"),
        (
            "metrics {\ndisable_openmetrics {\n}\n}",
            3,
            "disable_openmetrics",
            "disable_openmetrics takes no block",
        ),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


async def test_wrong_types() -> None:
    """Its field is typed."""
    error = await refusal({"handler": "metrics", "disable_openmetrics": 1})

    assert error.path == "handle/0/disable_openmetrics"


async def test_requests_are_counted() -> None:
    """Requests are counted by the first handler of a route, and by status and method."""
    failing = {"match": [{"path": ["/e"]}], "handle": [{"handler": "error", "status_code": 418}]}
    async with measured(failing, answer(body="hello")) as s:
        for method in ("GET", "GET", "HEAD", "post", "BREW"):
            await s.request(method, "/", body=b"12345")
        await s.get("/e?a=1")
        in_flight = await values(s, "caddy_http_requests_in_flight")
        total = await values(s, "caddy_http_requests_total")
        errors = await values(s, "caddy_http_request_errors_total")
        durations = await values(s, "caddy_http_request_duration_seconds_count")
        sizes = await values(s, "caddy_http_response_size_bytes_sum")
        began = await values(s, "caddy_http_response_duration_seconds_count")

    assert in_flight == {("error", "one"): 0, ("static_response", "one"): 0}
    assert total == {("error", "one"): 1, ("static_response", "one"): 5}
    assert errors == {("error", "one"): 1}
    assert durations == {
        ("418", "error", "GET", "one"): 1,
        ("200", "static_response", "GET", "one"): 2,
        ("200", "static_response", "HEAD", "one"): 1,
        ("200", "static_response", "OTHER", "one"): 2,
    }
    assert sizes["200", "static_response", "GET", "one"] == 10
    assert began.keys() == durations.keys() - {("418", "error", "GET", "one")}


async def test_sizes_are_in_buckets() -> None:
    """A size is counted in each bucket that it fits into."""
    async with measured(answer(body="x" * 257)) as s:
        await s.get("/")
        buckets = await values(s, "caddy_http_response_size_bytes_bucket")
        request = await values(s, "caddy_http_request_size_bytes_sum")

    counts = {labels[2]: count for labels, count in buckets.items()}
    assert counts.keys() == {
        "256",
        "1024",
        "4096",
        "16384",
        "65536",
        "262144",
        "1.048576e+06",
        "4.194304e+06",
        "+Inf",
    }
    assert [counts["256"], counts["1024"], counts["+Inf"]] == [0, 1, 1]
    # GET, HTTP/1.1, /, and localhost
    assert list(request.values()) == [3 + 8 + 1 + 9]


async def test_hosts() -> None:
    """With `per_host` there is a label for each host that a route names, and one for the rest."""
    named = {"match": [{"host": ["A.test", "*.b.test"]}]} | answer()
    for catch_all, strangers in [(False, {"_other"}), (True, {"x.b.test", "evil.test"})]:
        async with measured(named, answer(), per_host=True, observe_catchall_hosts=catch_all) as s:
            for host in ("a.test", "A.TEST:80", "x.b.test", "evil.test"):
                await s.get("/", host=host)
            total = await values(s, "caddy_http_requests_total")

        assert total["static_response", "a.test", "one"] == 2
        assert {host for _, host, _ in total} == {"a.test"} | strangers


async def test_apps_that_fail() -> None:
    """A handler's fault is an error without a status; a connection that is cut is not counted."""
    cut = {"match": [{"path": ["/cut"]}], "handle": [{"handler": "static_response", "abort": True}]}
    async with measured(cut, answer()) as s:
        with pytest.raises(AbortError):
            await s.get("/cut")
        total = await values(s, "caddy_http_requests_total")
        in_flight = await values(s, "caddy_http_requests_in_flight")

    assert total == {}
    assert in_flight == {("static_response", "one"): 0}


async def test_nothing_is_counted_unless_asked_for() -> None:
    """Without the global option there is only what is known of the process."""
    async with site(":80 {\nmetrics /metrics\nrespond / hi\n}") as s:
        await s.get("/")
        names = {family.name for family in parse((await s.get("/metrics")).text)}

    assert not [name for name in names if name.startswith("caddy_http")]
    assert {"caddy_config_last_reload_successful", "process_resident_memory_bytes"} <= names


@pytest.mark.parametrize(
    ("accept", "newer"),
    [
        ("", False),
        ("*/*", False),
        (NEWER, True),
        (f"{NEWER}; version=1.0.0; q=0.5, text/plain;q=0.3", True),
        (f"{NEWER};q=0.1, text/plain", False),
        (f"{NEWER};q=x", True),
        (f"{NEWER};version=2.0.0", False),
    ],
)
async def test_format(accept: str, newer: bool) -> None:  # noqa: FBT001
    """OpenMetrics is sent to whom prefers it; a last line says that it is whole."""
    async with measured(answer()) as s:
        await s.get("/")
        told = await s.get("/metrics", headers={"Accept": accept} if accept else {})

    assert (told.header("content-type") or "").startswith(NEWER if newer else "text/plain; version")
    assert told.text.endswith("# EOF\n") is newer
    assert list((parse_openmetrics if newer else parse)(told.text))


async def test_format_can_be_the_older_one_only() -> None:
    """With `disable_openmetrics` nobody gets the newer format."""
    async with site(":80 {\nmetrics {\ndisable_openmetrics\n}\n}") as s:
        told = await s.get("/", headers={"Accept": NEWER})

    assert (told.header("content-type") or "").startswith("text/plain")


async def test_gzip() -> None:
    """It is compressed for whom takes that."""
    async with measured() as s:
        told = await s.get("/metrics", headers={"Accept-Encoding": "gzip"})

    assert told.header("content-encoding") == "gzip"
    assert gzip.decompress(told.body).startswith(b"# HELP caddy_")


async def test_label_cannot_break_the_text() -> None:
    """A host with quotes and backslashes is escaped."""
    async with measured(answer(), per_host=True, observe_catchall_hosts=True) as s:
        await s.get("/", host='a"\\b')
        total = await values(s, "caddy_http_requests_total")

    assert total == {("static_response", 'a"\\b', "one"): 1}
