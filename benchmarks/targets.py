"""What snake is held to, in each run: factors over the others, measured beside them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from results import Medians


class Quantity(Enum):
    """What is compared. `rate` is better when higher, the others when lower."""

    RATE = "req/s"
    P99 = "p99"
    START = "start"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Target:
    """What holds snake to `factor` times another's: at least the rate, at most the others."""

    work: str
    other: str
    quantity: Quantity = Quantity.RATE
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target, the ratio that was measured, and whether that is enough."""

    target: Target
    ratio: float
    met: bool


FACTORS = (
    Target("flask", "caddysnake", factor=2.0),
    Target("flask", "caddy+gunicorn", factor=3.8),
    Target("flask", "granian", factor=1.2),
    Target("fastapi", "caddysnake", factor=1.8),
    Target("fastapi", "caddy+uvicorn", factor=1.6),
    Target("fastapi", "granian", factor=0.95),
    Target("raw", "granian", factor=1.0),
    Target("raw", "uvicorn", factor=1.6),
    Target("sleep", "granian", factor=1.0),
    Target("sleep", "caddysnake", factor=2.0),
    Target("flask2", "caddysnake", factor=1.5),
    Target("fastapi2", "caddysnake", factor=1.5),
    Target("flaskpool", "caddysnake", factor=1.2),
    Target("fastapipool", "caddysnake", factor=1.2),
    Target("respond", "caddy", factor=1.0),
    Target("file", "caddy", factor=1.0),
    Target("bigfile", "caddy", factor=1.0),
    Target("proxy", "caddy", factor=1.0),
    Target("gzip", "caddy", factor=0.8),
    Target("flask", "caddysnake", Quantity.START),
    Target("flask", "caddysnake", Quantity.MEMORY),
)


def judge(medians: Medians) -> list[Verdict]:
    """Return a verdict for each target whose contenders were both measured."""
    targets = [*FACTORS, *_p99(medians)]
    return [
        _verdict(target, medians)
        for target in targets
        if "snake" in medians.get(target.work, {}) and target.other in medians[target.work]
    ]


def _p99(medians: Medians) -> list[Target]:
    """Hold snake's p99 to the best of the others', work by work."""
    targets = []
    for work, rows in medians.items():
        others = {name: row.p99 for name, row in rows.items() if name != "snake"}
        if others:
            targets.append(Target(work, min(others, key=others.__getitem__), Quantity.P99))
    return targets


def _verdict(target: Target, medians: Medians) -> Verdict:
    ours, theirs = (medians[target.work][name] for name in ("snake", target.other))
    match target.quantity:
        case Quantity.RATE:
            ratio = ours.rate / theirs.rate
            return Verdict(target, ratio, ratio >= target.factor)
        case Quantity.P99:
            ratio = ours.p99 / theirs.p99
        case Quantity.START:
            ratio = ours.start / theirs.start
        case Quantity.MEMORY:
            ratio = ours.memory / theirs.memory
    return Verdict(target, ratio, ratio <= target.factor)
