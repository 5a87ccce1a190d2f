"""Fuzz: compare what Caddy and snake make of Caddyfiles that nobody wrote.

    python -m tests.fuzz.adapt [--of directives|language|mistakes] [--count N] [--seed N] [--keep]

They have all directives in ordinary shapes, or few in all shapes that the language has, or
all with some words that are wrong.
Each seed is a Caddyfile. It prints those on which the two differ, and ends with the
number that agree; the exit code is 1 if any differ.
"""

from __future__ import annotations

import argparse
import os
import sys

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.cli.adapt import as_text
from snake.standard import catalogue
from tests import caddy
from tests.fuzz import language
from tests.fuzz.compose import Composer
from tests.fuzz.language import Language
from tests.fuzz.mistakes import Mistakes

MADE: dict[str, type[Composer | Language | Mistakes]] = {
    "directives": Composer,
    "language": Language,
    "mistakes": Mistakes,
}


def ours(text: str) -> tuple[str, str]:
    """Return what snake prints, and what it refuses a Caddyfile with."""
    try:
        document, _ = adapt(text, "Caddyfile", catalogue())
    except CaddyfileError as error:
        return "", str(error)
    return as_text(document, pretty=False), ""


def main() -> int:
    """Compare a number of Caddyfiles; return the exit code."""
    parser = argparse.ArgumentParser(description="Compare what Caddy and snake adapt.")
    parser.add_argument("--of", choices=MADE, default="directives", help="what there is a lot of")
    parser.add_argument("--count", type=int, default=1000, help="how many Caddyfiles")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--keep", action="store_true", help="go on after a difference")
    options = parser.parse_args()
    accepted = different = 0
    os.environ.update(language.ENVIRON)
    with caddy.adapter(language.ENVIRON) as server:
        language.write_files(server.folder)
        os.chdir(server.folder)
        for seed in range(options.seed, options.seed + options.count):
            text = MADE[options.of](seed).caddyfile()
            theirs = server.adapt(text)
            made, refusal = ours(text)
            accepted += not theirs.refused
            if made != theirs.text:
                different += 1
                _report(seed, text, theirs, made or refusal)
                if not options.keep:
                    return 1
    sys.stdout.write(
        f"{options.count - different} of {options.count} agree; {accepted} were accepted\n"
    )
    return min(different, 1)


def _report(seed: int, text: str, theirs: caddy.Adapted, made: str) -> None:
    said = theirs.text or f"refused: {theirs.error}"
    sys.stdout.write(f"== seed {seed}\n{text}\n-- caddy\n{said}\n-- snake\n{made}\n\n")


if __name__ == "__main__":
    sys.exit(main())
