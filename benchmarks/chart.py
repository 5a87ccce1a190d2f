"""The chart of a run: requests a second, one group of bars for each work, as plain SVG."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from results import Medians, Row
from works import Work

WIDTH = 720
LABEL = 170
"""Where the bars begin."""
BAR = 22
GAP = 6
HEADING = 34
OURS, THEIRS = "#2f7d4f", "#9aa5b1"
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
"""


def write(path: Path, works: Iterable[Work], medians: Medians) -> None:
    """Draw the medians of every work that was measured."""
    parts: list[str] = []
    top = 0
    for work in works:
        if rows := medians.get(work.name):
            parts.append(_group(work.title, rows, top))
            top += HEADING + len(rows) * (BAR + GAP)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + GAP}" '
        f'role="img" aria-label="Requests a second">\n<style>{STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _group(title: str, rows: dict[str, Row], top: int) -> str:
    most = max(row.rate for row in rows.values())
    scale = (WIDTH - LABEL - 90) / most
    lines = [f'<text class="title" x="4" y="{top + 22}">{escape(title)}, requests a second</text>']
    for index, (name, row) in enumerate(rows.items()):
        y = top + HEADING + index * (BAR + GAP)
        width = max(row.rate * scale, 1)
        color = OURS if name == "snake" else THEIRS
        lines += [
            f'<text x="{LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR}" rx="3" fill="{color}"/>',
            f'<text x="{LABEL + width + 6:.1f}" y="{y + 16}">{row.rate:,.0f}</text>',
        ]
    return "\n".join(lines)
