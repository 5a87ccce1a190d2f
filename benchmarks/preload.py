"""Memory of eight workers of the Django example, shared and not, beside gunicorn.

What is printed is the proportional set size of all processes of a server after
a load that reaches every worker.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import install
import memory
from contenders import started
from load import wrk
from processes import StartError
from works import App

DJANGO = App(
    name="django",
    title="Django",
    interface="wsgi",
    module="project.wsgi:application",
    folder=str(install.ROOT / "examples/django"),
    path="/",
    contenders=("snake", "snake preload", "gunicorn", "gunicorn preload"),
    workers=8,
)
BESIDE = "gunicorn"
MOST = 0.5
"""What the best of snake may take of what gunicorn takes."""


def main() -> int:
    """Measure and print; 1 when the target is missed or a server did not run."""
    options = _options()
    venv = install.ensure(options.python)
    sizes = {}
    for name in DJANGO.contenders:
        try:
            sizes[name] = _size(name, venv, options)
        except StartError as error:
            print(f"{name}: {error}", file=sys.stderr)
    print(f"{DJANGO.workers} workers of Django{'':<12}{'PSS MiB':>10}{'':>4}beside {BESIDE}")
    for name, size in sizes.items():
        ratio = f"{size / sizes[BESIDE]:.2f} x" if BESIDE in sizes else ""
        print(f"  {name:<28}{size:>10.1f}{ratio:>10}")
    return _judge(sizes)


def _size(name: str, venv: Path, options: argparse.Namespace) -> float:
    with started(name, DJANGO, venv) as server:
        url = f"http://127.0.0.1:{server.port}{DJANGO.path}"
        wrk(url, options.connections, options.seconds, {})
        return memory.pss(server.pids)


def _judge(sizes: dict[str, float]) -> int:
    if len(sizes) < len(DJANGO.contenders):
        return 1
    ratio = min(sizes["snake"], sizes["snake preload"]) / sizes[BESIDE]
    met = ratio <= MOST
    print(f"{'OK' if met else 'MISS'}  {ratio:.2f} x {BESIDE} (at most {MOST})")
    return 0 if met else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=100, help="clients at once (100)")
    parser.add_argument("--seconds", type=int, default=5, help="of load before the count (5)")
    parser.add_argument("--python", help="interpreter (3.13 or 3.12 if found)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
