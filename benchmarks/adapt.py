"""Adapt a small Caddyfile and a very large one, with Caddy and with snake in turn.

Both programs are started, write the JSON to a pipe and end, several times over.
What is printed are medians, and snake's ratio to Caddy in this run. Needs the
environment of the tests, which has both of them: `.venv/bin/python benchmarks/adapt.py`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

PROGRAMS = ("caddy", "snake")

SMALL = """\
localhost:9080 {
	encode zstd gzip
	handle_path /static/* {
		root static
		file_server
	}
	respond hi
}
"""
SITE = """\
site%d.example.com {
	root * /srv/site%d
	encode zstd gzip
	header X-Frame-Options DENY
	header /static/* Cache-Control "max-age=3600"
	@api path /api/* /v2/*
	respond @api "api {path}" 200
	redir /old /new permanent
	rewrite /r /s
	try_files {path} /index.html
	handle /h/* {
		respond "h"
	}
	file_server
}
"""


class Input(NamedTuple):
    """A Caddyfile, and what snake may take for it."""

    name: str
    text: str
    most_seconds: float | None
    most_times: float | None
    """How many times as long as Caddy."""

    def is_met(self, seconds: float, ratio: float) -> bool:
        """Whether snake is as fast as it should be."""
        return seconds <= (self.most_seconds or seconds) and ratio <= (self.most_times or ratio)

    @property
    def target(self) -> str:
        """What snake may take, in words."""
        if self.most_seconds is not None:
            return f"at most {self.most_seconds * 1000:.0f} ms"
        return f"at most {self.most_times:g} x Caddy"


def main() -> int:
    """Measure and print; 1 when a target is missed."""
    options = _options()
    large = "".join(SITE % (number, number) for number in range(options.sites))
    inputs = (
        Input("small file", SMALL, 0.25, None),
        Input(f"{options.sites:,} sites x 10 directives", large, None, 3),
    )
    met = True
    print(f"{'':<30}{'caddy':>10}{'snake':>10}{'ratio':>8}  target")
    for each in inputs:
        theirs, ours = _measure(each.text, options.rounds)
        ratio = ours / theirs
        verdict = "" if each.is_met(ours, ratio) else ", missed"
        times = f"{theirs * 1000:>7.0f} ms{ours * 1000:>7.0f} ms"
        print(f"{each.name:<30}{times}{ratio:>8.2f}  {each.target}{verdict}")
        met &= each.is_met(ours, ratio)
    return 0 if met else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare snake adapt with caddy adapt.")
    parser.add_argument("--rounds", type=int, default=7, help="how often each program runs")
    parser.add_argument("--sites", type=int, default=2000, help="how many sites are many")
    return parser.parse_args()


def _measure(text: str, rounds: int) -> Sequence[float]:
    """Return how long each program takes for a Caddyfile, in seconds."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "Caddyfile")
        file.write_text(text)
        # The first run compiles modules and fills caches.
        runs = [[_run(program, file) for program in PROGRAMS] for _ in range(rounds + 1)][1:]
    return [median(times) for times in zip(*runs, strict=True)]


def _run(program: str, file: Path) -> float:
    path = Path(sys.executable).parent / program
    begin = perf_counter()
    subprocess.run(
        [path, "adapt", "--config", file, "--adapter", "caddyfile"],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
