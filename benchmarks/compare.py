"""Compare snake with the servers that its users come from.

Every contender is started, warmed up, loaded and stopped in turn, and that
several times over, so that a busy minute of the machine hits all alike. What
is printed are medians, and snake's ratio to each of the others in this run.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import chart
import cpu
import install
import memory
import report
from contenders import CONTENDERS, started
from load import TOOLS, LoadError, installed
from processes import StartError
from results import Row, Runs, medians, row
from targets import judge
from works import WORKS, Work


def main() -> int:
    """Measure, print and write; 1 when a target is missed or a contender did not run."""
    options = _options()
    works = [work for work in WORKS if work.name in options.work]
    venv = install.ensure(options.python)
    runs, broken = _measure(works, venv, options)
    middle = medians(runs)
    found = judge(middle)
    print("", report.table(works, middle), report.verdicts(found), sep="\n\n")
    options.output.mkdir(parents=True, exist_ok=True)
    report.write_json(
        options.output / "results.json",
        runs,
        middle,
        found,
        {"versions": install.versions(venv), "settings": _settings(options)},
    )
    chart.write(options.output / "results.svg", works, middle)
    print(f"\nwritten to {options.output}/results.json and results.svg")
    return 1 if broken or not all(each.met for each in found) else 0


def _measure(works: Sequence[Work], venv: Path, options: argparse.Namespace) -> tuple[Runs, bool]:
    """Run every contender in every round; the second value says whether one failed to run."""
    runs: Runs = defaultdict(list)
    broken = False
    for index in range(options.rounds):
        for work in works:
            for name in _turn(_chosen(work, options.only), index):
                try:
                    result = _once(work, name, venv, options)
                except (StartError, LoadError) as error:
                    print(f"{work.name}: {name}: {error}", file=sys.stderr)
                    broken = True
                    continue
                runs[work.name, name].append(result)
                print(
                    f"round {index + 1}  {work.name:<9} {name:<15}"
                    f"{result.rate:>10,.0f} req/s  p99 {result.p99:.1f} ms",
                    flush=True,
                )
    order = {(work.name, name): None for work in works for name in work.contenders}
    return {key: runs[key] for key in order if key in runs}, broken


def _chosen(work: Work, only: Sequence[str]) -> list[str]:
    return [name for name in work.contenders if not only or name in only]


def _turn(names: list[str], index: int) -> list[str]:
    """Begin each round with another contender."""
    start = index % len(names) if names else 0
    return names[start:] + names[:start]


def _once(work: Work, name: str, venv: Path, options: argparse.Namespace) -> Row:
    load = TOOLS[options.tool]
    fields = {"Accept-Encoding": work.encoding} if work.encoding else {}
    with started(name, work, venv) as server:
        url = f"http://127.0.0.1:{server.port}{work.path}"
        if options.warmup:
            load(url, options.connections, options.warmup, fields)
        before = cpu.seconds(server.pids)
        loaded = load(url, options.connections, options.seconds, fields)
        used = cpu.seconds(server.pids) - before
        return row(loaded, server.start, memory.pss(server.pids), used)


def _settings(options: argparse.Namespace) -> dict[str, object]:
    names = ("tool", "connections", "rounds", "seconds", "warmup")
    return {name: getattr(options, name) for name in names}


def _options() -> argparse.Namespace:
    tools = installed()
    if not tools:
        sys.exit("the comparison needs wrk or hey; on Debian and Ubuntu: apt install wrk")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [work.name for work in WORKS]
    parser.add_argument("--work", nargs="+", choices=names, default=names, help="which apps")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=[], help="which servers")
    parser.add_argument("--rounds", type=int, default=5, help="how often each runs (5)")
    parser.add_argument("--seconds", type=int, default=10, help="load in each round (10)")
    parser.add_argument("--warmup", type=int, default=2, help="load before it, not counted (2)")
    parser.add_argument("--connections", type=int, default=100, help="clients at once (100)")
    parser.add_argument("--tool", choices=tools, default=tools[0], help="what makes the load")
    parser.add_argument("--python", help="interpreter for every contender (3.13 or 3.12 if found)")
    parser.add_argument(
        "--output", type=Path, default=install.WORK_FOLDER, help="folder for the results"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
