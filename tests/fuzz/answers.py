"""Fuzz: compare what Caddy and snake answer on sites that nobody wrote.

    python -m tests.fuzz.answers [--count N] [--seed N]

Each seed is a site and some requests. It prints those that are answered differently, and
ends with the number of sites on which the two agree; the exit code is 1 if they differ on any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import groupby
from pathlib import Path

from tests import caddy
from tests.differential.scenarios import Answers, Scenario, answers
from tests.fuzz.routing import Sites

AT_ONCE = 50
"""Sites that are served by one pair of servers."""
_OF_A_FILE = ("etag", "last-modified")


def main() -> int:
    """Compare a number of sites; return the exit code."""
    parser = argparse.ArgumentParser(description="Compare what Caddy and snake answer.")
    parser.add_argument("--count", type=int, default=100, help="how many sites")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.count)
    asked = different = 0
    for first in range(0, len(seeds), AT_ONCE):
        scenarios = _accepted([Sites(seed).scenario() for seed in seeds[first : first + AT_ONCE]])
        asked += len(scenarios)
        with tempfile.TemporaryDirectory() as folder:
            found = answers(scenarios, Path(folder))
            for scenario, all_of_it in groupby(found, lambda given: given.scenario):
                wrong = [given for given in all_of_it if not (given.right or _is_known(given))]
                different += bool(wrong)
                if wrong:
                    sys.stdout.write(f"== {scenario.name}\n{scenario.site}\n")
                    sys.stdout.writelines(f"{given}\n" for given in wrong)
    sys.stdout.write(f"{asked - different} of {asked} sites agree\n")
    return min(different, 1)


def _accepted(scenarios: list[Scenario]) -> list[Scenario]:
    """Return those that Caddy takes: not every combination means something."""
    with caddy.adapter({}) as server:
        return [
            each
            for each in scenarios
            if not server.adapt(f":80 {{\n{each.site.replace('{$FILES}', '/x')}\n}}\n").refused
        ]


def _is_known(given: Answers) -> bool:
    """Whether they differ as `docs/compatibility.md` says, or Caddy has panicked."""
    theirs, ours = given.caddy.without(_OF_A_FILE), given.snake.without(_OF_A_FILE)
    if theirs == ours or theirs.status == 0:
        return True
    # What an unknown placeholder is in a query; of HEAD only a length tells of it.
    if "<nil>" in str(theirs) or "%3Cnil%3E" in str(theirs):
        return True
    # A type that was taken off, which Caddy guesses then.
    known = set() if any(name == "content-type" for name, _ in ours.fields) else {"content-type"}
    if given.ask.method == "HEAD":
        known.add("content-length")
    return theirs.without(known) == ours.without(known)


if __name__ == "__main__":
    sys.exit(main())
