"""Charts of the benchmarks, as bars of HTML that follow the colours of the page.

`<!-- chart: flask rate -->` in a page becomes the bars of that work, from benchmarks/results.json.
"""

from __future__ import annotations

import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "benchmarks/results.json"
MARK = re.compile(r"<!-- chart: (\w+) (\w+) -->")

FORMS = {
    "rate": "{:,.0f}<span> req/s</span>",
    "p99": "{:,.0f}<span> ms</span>",
    "start": "{:,.0f}<span> ms</span>",
    "memory": "{:,.0f}<span> MiB</span>",
}
"""How figures are written; a narrow screen has no place for the unit."""
NAMES = {
    "caddysnake": "Caddy Snake",
    "caddy+gunicorn": "Caddy + gunicorn",
    "caddy+uvicorn": "Caddy + uvicorn",
    "caddy": "Caddy",
    "hypercorn": "Hypercorn",
}


def drawn(markdown: str) -> str:
    """Replace each mark by its chart. Raises KeyError if there is no such work or figure."""
    return MARK.sub(lambda found: _chart(found[1], found[2]), markdown)


@cache
def _medians() -> dict[str, dict[str, dict[str, float]]]:
    results: dict[str, Any] = json.loads(RESULTS.read_text())
    medians: dict[str, dict[str, dict[str, float]]] = results["medians"]
    return medians


def _chart(work: str, figure: str) -> str:
    rows = _medians()[work]
    most = max(row[figure] for row in rows.values())
    bars = "".join(
        f'<div class="bar{" ours" if name == "snake" else ""}">'
        f'<span class="who">{escape(NAMES.get(name, name))}</span><span class="track">'
        f'<span class="fill" style="width:{row[figure] / most * 100:.1f}%"></span></span>'
        f'<span class="value">{FORMS[figure].format(row[figure])}</span></div>'
        for name, row in rows.items()
    )
    label = escape(f"{work}: {figure}")
    return f'<div class="chart" role="img" aria-label="{label}">{bars}</div>'
