"""examples/flask."""

from __future__ import annotations

from pathlib import Path

from tests.examples.example import example


def test_flask_serves_reads_and_streams(tmp_path: Path) -> None:
    """The app answers JSON, refuses what it does not want, and streams."""
    with example("flask", tmp_path) as served:
        listed = served.get("/")
        exported = served.get("/export")
        added = served.post("/", json={"task": "read"})
        refused = served.post("/", json={"task": 1})

    assert listed.json() == {"tasks": ["write an app", "write a Caddyfile"]}
    assert exported.text == "write an app\nwrite a Caddyfile\n"
    assert added.status_code == 201
    assert "read" in added.json()["tasks"]
    assert refused.status_code == 422
