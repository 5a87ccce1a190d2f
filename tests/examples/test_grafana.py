"""The example with Prometheus and Grafana."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

from docs.metrics import QUESTIONS, known
from tests.server import ROOT, running

FOLDER = ROOT / "examples" / "grafana"
SELECTOR = re.compile(r"\b((?:snake|caddy|process)_\w+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"(?:by|on) \(([^)]*)\)")
TARGET = {"job", "instance"}
"""The labels that Prometheus itself adds."""


def dashboard() -> dict[str, Any]:
    """Return the dashboard."""
    found: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
    return found


def panels() -> list[dict[str, Any]]:
    """Return the panels that show something."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> Iterator[str]:
    """Yield every query: of the dashboard, of the alerts and of the documentation."""
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])
    yield from (each["expr"] for each in dashboard()["annotations"]["list"])
    variables = dashboard()["templating"]["list"]
    yield from (each["definition"] for each in variables if "definition" in each)
    alerts = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    yield from (rule["expr"] for group in alerts["groups"] for rule in group["rules"])
    yield from QUESTIONS.values()


def series() -> dict[str, set[str]]:
    """Return the names of all series that snake has, with their labels."""
    found: dict[str, set[str]] = {}
    for metric in known():
        for sample in metric.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("query", list(queries()))
def test_queries_name_what_there_is(query: str) -> None:
    """Every metric in a query is one that snake has, and has each label that it is asked by."""
    there = series()
    found = SELECTOR.findall(query)
    grouped = {label.strip() for by in GROUPING.findall(query) for label in by.split(",")}

    assert found
    for name, selectors in found:
        assert name in there
        asked = set(re.findall(r"(\w+)(?:=~|!=|=)", selectors))
        assert asked | grouped <= there[name] | TARGET
    assert query.count("(") == query.count(")")


def test_every_metric_of_snake_is_shown() -> None:
    """Whatever snake counts of its own is somewhere in the dashboard, but for when it started."""
    shown = {name for query in queries() for name, _ in SELECTOR.findall(query)}
    own = {metric.name for metric in known() if metric.name.startswith("snake_")}
    missing = {name for name in own if not any(each.startswith(name) for each in shown)}

    assert missing == {
        "snake_certificates",
        "snake_start_time_seconds",
        "snake_worker_start_time_seconds",
    }


def test_panels_have_places_and_numbers_of_their_own() -> None:
    """No panel covers another, and each fits into the 24 columns."""
    covered: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & covered
        covered |= cells
    numbers = [panel["id"] for panel in dashboard()["panels"]]
    assert len(numbers) == len(set(numbers))


def test_prometheus_can_ask(tmp_path: Path) -> None:
    """The example answers at the address that its prometheus.yml names."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    (target,) = config["scrape_configs"][0]["static_configs"][0]["targets"]
    text = (FOLDER / "Caddyfile").read_text()
    assert f"http://{target} {{" in text

    site = text.replace("9080", "PORT").replace("admin localhost:2019", "admin off")
    site = site.replace("http://localhost:9180 {", "http://localhost:PORT/metrics* {")
    with running(site, tmp_path) as server:
        httpx.get(server.url.replace("127.0.0.1", "localhost"))
        told = httpx.get(f"{server.url.replace('127.0.0.1', 'localhost')}/metrics").text

    names = {family.name for family in parse(told)}
    assert {"snake_site_requests", "snake_workers", "snake_reload_attempts"} <= names
