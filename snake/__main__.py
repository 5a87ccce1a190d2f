"""`python -m snake`, and the command `snake`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from snake.fork.standard import open_standard  # noqa: PLC0415  (see there: it comes first)

    open_standard()
    if os.getpid() == 1:
        from snake.fork.init import stay_as_init  # noqa: PLC0415  (only in a container)

        stay_as_init()
    from snake.cli.early import fork  # noqa: PLC0415  (see there: it comes first)

    early = fork(sys.argv)
    from snake.cli.main import main as run  # noqa: PLC0415  (not to be in what was forked)

    sys.exit(run(early=early))


if __name__ == "__main__":
    if not sys.flags.safe_path:
        # `python -m` looks into the current folder first. What lies there is an app's, and may be
        # named like a module of Python that snake imports later.
        del sys.path[0]
    main()
