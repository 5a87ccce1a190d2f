"""Fuzz: compare what Caddy and snake make of sites with automatic HTTPS that nobody wrote.

    python -m tests.fuzz.https [--count N] [--seed N]

Each seed is a few sites with addresses and options by chance. Both are asked at each port, by HTTP
and HTTPS, for names that the sites have and others. It prints in what they differ, and ends with
the number of configs on which they agree; the exit code is 1 if they differ on any.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from itertools import product
from pathlib import Path

from tests import caddy
from tests.differential.https import WORDS, Scenario, Side, compared

HOSTS = (
    *("a.localhost", "b.localhost", "x.a.localhost", "*.localhost", "*.a.localhost"),
    *("127.0.0.1", ""),
)
PORTS = ("", "", "", ":$PORT1", ":$PORT2", ":$HTTP", ":$HTTPS")
SCHEMES = ("", "", "", "http://", "https://")
BINDS = ("bind 127.0.0.1", "bind 127.0.0.2")
MODES = ("off", "disable_redirects", "disable_certs", "ignore_loaded_certs")
ASKED = ("a.localhost", "b.localhost", "c.localhost", "x.a.localhost", "127.0.0.1")


class Configs:
    """Configs by chance, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._seed = seed

    def scenario(self) -> Scenario:
        """Return a config, and what is asked of it."""
        sites = [self._site(number) for number in range(self._random.randint(1, 4))]
        urls = product(("http", "https"), ASKED, WORDS[:4])
        others = product(ASKED[:2], ("$HTTP", "$HTTPS"))
        return Scenario(
            name=str(self._seed),
            config="".join(sites),
            options=f"\n{''.join(self._options())}",
            requests=(
                *(f"GET {scheme}://{host}:{port}/p?q" for scheme, host, port in urls),
                *(f"GET http://{host}:{port}/own at=127.0.0.2" for host, port in others),
            ),
        )

    def _options(self) -> list[str]:
        lines = []
        if self._chance(0.2):
            lines.append(f"\tauto_https {self._random.choice(MODES)}\n")
        if self._chance(0.3):
            lines.append("\tlocal_certs\n")
        if self._chance(0.1):
            lines.append("\tdefault_bind 127.0.0.1\n")
        return lines

    def _site(self, number: int) -> str:
        addresses = [
            "".join(self._random.choice(words) for words in (SCHEMES, HOSTS, PORTS))
            for _ in range(self._random.choice((1, 1, 2, 3)))
        ]
        lines = [f'respond "{number} {{scheme}} {{host}}"']
        if self._chance(0.2):
            lines.append(self._random.choice(BINDS))
        if self._chance(0.15):
            lines.append("tls internal")
        if self._chance(0.15):
            lines.append(f"handle /own {{\n\t\trespond own{number}\n\t}}")
        kept = ", ".join(filter(None, addresses)) or "localhost"
        return f"{kept} {{\n\t{chr(10).join(lines)}\n}}\n"

    def _chance(self, part: float) -> bool:
        return self._random.random() < part


def main() -> int:
    """Compare a number of configs; return the exit code."""
    parser = argparse.ArgumentParser(description="Compare automatic HTTPS with Caddy's.")
    parser.add_argument("--count", type=int, default=20, help="how many configs")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.count)
    scenarios = _accepted([Configs(seed).scenario() for seed in seeds])
    different = 0
    for scenario in scenarios:
        with tempfile.TemporaryDirectory() as folder:
            wrong = compared(scenario, Path(folder))
        different += bool(wrong)
        if wrong:
            sys.stdout.write(f"== {scenario.name}\n{scenario.text}\n")
            sys.stdout.writelines(f"{each}\n" for each in wrong)
    sys.stdout.write(f"{len(scenarios) - different} of {len(scenarios)} configs agree\n")
    return min(different, 1)


def _accepted(scenarios: list[Scenario]) -> list[Scenario]:
    """Return those that Caddy takes: not every combination means something."""
    side = Side({word: 20_000 + index for index, word in enumerate(WORDS)})
    with caddy.adapter({}) as server:
        return [each for each in scenarios if not server.adapt(side.filled(each.text)).refused]


if __name__ == "__main__":
    sys.exit(main())
