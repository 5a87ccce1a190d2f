"""`python -m snake`, and the command `snake`."""

from __future__ import annotations

import os
import sys

SERVING = ("run", "python-server")
"""The commands that need worker processes."""


def main() -> None:
    """Run the command line and exit with its code."""
    zygote = None
    if needs_zygote(sys.argv):
        from snake.engine.zygote import fork  # noqa: PLC0415  (only for commands that serve)

        zygote = fork()
    # Now, and not at the top: what the command line imports must not be in a worker.
    from snake.cli.main import main as run  # noqa: PLC0415

    sys.exit(run(zygote=zygote))


def needs_zygote(argv: list[str]) -> bool:
    """Tell whether a command line is going to serve in an environment that is known already."""
    if not hasattr(os, "fork") or argv[1:2] not in ([command] for command in SERVING):
        return False
    return not any(word.startswith("--envfile") for word in argv)


if __name__ == "__main__":
    main()
