"""What the comparison makes of its numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import chart
from results import Row, medians
from targets import Quantity, judge
from works import WORKS

SLOW = Row(rate=1000, mean=10, p50=9, p99=30, start=400, memory=90, cpu=200, errors=0)
FAST = Row(rate=2500, mean=4, p50=4, p99=10, start=200, memory=50, cpu=80, errors=0)


def test_median_is_of_each_number() -> None:
    """A median row is the median of each column, and the sum of the errors."""
    broken = Row(rate=500, mean=40, p50=9, p99=90, start=100, memory=90, cpu=200, errors=3)

    found = medians({("flask", "snake"): [SLOW, FAST, broken]})["flask"]["snake"]

    assert found == Row(rate=1000, mean=10, p50=9, p99=30, start=200, memory=90, cpu=200, errors=3)


def test_target_is_met_by_the_better_server() -> None:
    """More requests, and less of everything else, meet every target of the work."""
    found = judge({"flask": {"snake": FAST, "caddysnake": SLOW}})

    assert {each.target.quantity for each in found} == set(Quantity)
    assert all(each.met for each in found)


def test_target_is_missed_by_the_worse_server() -> None:
    """Fewer requests, and more of everything else, miss every target of the work."""
    found = judge({"flask": {"snake": SLOW, "caddysnake": FAST}})

    assert not any(each.met for each in found)


def test_p99_is_held_to_the_best_of_the_others() -> None:
    """However many others there are, the p99 to reach is the lowest."""
    middle = Row(rate=2000, mean=5, p50=5, p99=20, start=300, memory=70, cpu=100, errors=0)

    found = judge({"raw": {"snake": middle, "granian": FAST, "hypercorn": SLOW}})

    (p99,) = [each for each in found if each.target.quantity is Quantity.P99]
    assert (p99.target.other, p99.ratio, p99.met) == ("granian", 2.0, False)


def test_chart_is_an_image(tmp_path: Path) -> None:
    """The chart is well-formed SVG with one bar for each contender."""
    chart.write(tmp_path / "chart.svg", WORKS, {"flask": {"snake": FAST, "granian": SLOW}})

    tree = ET.parse(tmp_path / "chart.svg")

    assert len(tree.findall(".//{http://www.w3.org/2000/svg}rect")) == 2
