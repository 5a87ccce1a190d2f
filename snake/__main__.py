"""`python -m snake`, and the command `snake`."""

from __future__ import annotations

import sys

from snake.cli.main import main as run


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run())


if __name__ == "__main__":
    main()
