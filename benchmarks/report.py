"""The result of a run, for people (a table) and for programs (JSON)."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from results import Medians, Runs
from targets import Quantity, Verdict
from works import Work

COLUMNS = ("", "req/s", "mean ms", "p99 ms", "start ms", "PSS MiB", "CPU µs", "errors", "snake is")


def table(works: Iterable[Work], medians: Medians) -> str:
    """Return one block for each work: a line for each contender."""
    blocks = []
    for work in works:
        rows = medians.get(work.name, {})
        ours = rows.get("snake")
        lines = [f"{work.title:<30}" + "".join(f"{name:>10}" for name in COLUMNS[1:])]
        for name, row in rows.items():
            ratio = f"{ours.rate / row.rate:.2f} x" if ours and name != "snake" else ""
            lines.append(
                f"  {name:<28}{row.rate:>10,.0f}{row.mean:>10.2f}{row.p99:>10.2f}"
                f"{row.start:>10.0f}{row.memory:>10.1f}{row.cpu:>10.0f}{row.errors:>10}{ratio:>10}"
            )
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def verdicts(found: Sequence[Verdict]) -> str:
    """Return a line for each target: what was asked, what was measured, OK or MISS."""
    return "\n".join(
        f"  {'OK  ' if each.met else 'MISS'}  {each.target.work:<9} {each.target.quantity.value:<7}"
        f" {each.ratio:>5.2f} x {each.target.other:<15}"
        f" ({'at least' if each.target.quantity is Quantity.RATE else 'at most'}"
        f" {each.target.factor:.2f})"
        for each in found
    )


def write_json(
    path: Path,
    runs: Runs,
    medians: Medians,
    found: Sequence[Verdict],
    settings: dict[str, object],
) -> None:
    """Write everything that was measured, and what is needed to measure it again."""
    document = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        **settings,
        "medians": {
            work: {name: asdict(row) for name, row in rows.items()}
            for work, rows in medians.items()
        },
        "targets": [
            {
                "work": each.target.work,
                "quantity": each.target.quantity.value,
                "other": each.target.other,
                "factor": each.target.factor,
                "ratio": each.ratio,
                "met": each.met,
            }
            for each in found
        ],
        "rounds": [
            {"work": work, "contender": name, "round": index, **asdict(row)}
            for (work, name), rows in runs.items()
            for index, row in enumerate(rows)
        ],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def machine() -> dict[str, object]:
    """Return what the numbers depend on and no setting shows."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    models = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
    }
