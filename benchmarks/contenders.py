"""The servers, and the commands that start each with its makers' published settings.

snake and Caddy Snake run one and the same Caddyfile. gunicorn and uvicorn
stand behind Caddy's `reverse_proxy`, as in Caddy Snake's own benchmark: there
gunicorn has four threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from works import Work

APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contender runs: its programs, a folder for its files, and its ports."""

    venv: Path
    folder: Path
    port: int
    """The port that is loaded."""
    behind: int
    """A second port, for the app server behind a proxy."""

    def program(self, name: str) -> str:
        """Return the path of a program in the venv."""
        return str(self.venv / "bin" / name)

    def caddyfile(self, name: str, handler: str) -> str:
        """Write a Caddyfile for one site, and return its path."""
        path = self.folder / f"{name}.caddyfile"
        path.write_text(
            f"{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}}\n"
            f"http://127.0.0.1:{self.port} {{\n\troute /* {{\n\t\t{handler}\n\t}}\n}}\n"
        )
        return str(path)


Argv = list[str]
Contender = Callable[[Work, Place], list[Argv]]
"""Returns the commands to start, the app server before the proxy."""


def _python(work: Work, place: Place) -> str:
    return place.caddyfile(
        "python",
        f"python {{\n\t\t\tmodule_{work.interface} {work.module}\n\t\t\tworking_dir {APPS}\n"
        f"\t\t\tvenv {place.venv}\n\t\t\tworkers {work.workers}\n\t\t}}",
    )


def _proxy(place: Place) -> Argv:
    config = place.caddyfile("proxy", f"reverse_proxy 127.0.0.1:{place.behind}")
    return [place.program("caddy"), "run", "--adapter", "caddyfile", "--config", config]


def snake(work: Work, place: Place) -> list[Argv]:
    """Run snake, the app embedded in its workers."""
    return [[place.program("snake"), "run", "--config", _python(work, place)]]


def caddysnake(work: Work, place: Place) -> list[Argv]:
    """Run Caddy Snake, the binary from PyPI."""
    (binary,) = place.venv.glob("lib/python3*/site-packages/caddysnake-cli")
    config = _python(work, place)
    return [[str(binary), "run", "--adapter", "caddyfile", "--config", config]]


def caddy_gunicorn(work: Work, place: Place) -> list[Argv]:
    """Run gunicorn with four threads a worker, behind Caddy."""
    bind = f"127.0.0.1:{place.behind}"
    server = [place.program("gunicorn"), "--workers", str(work.workers), "--threads", "4"]
    return [[*server, "--bind", bind, "--chdir", str(APPS), work.module], _proxy(place)]


def caddy_uvicorn(work: Work, place: Place) -> list[Argv]:
    """Run uvicorn with uvloop and httptools behind Caddy."""
    return [_uvicorn(work, place, place.behind), _proxy(place)]


def uvicorn(work: Work, place: Place) -> list[Argv]:
    """Run uvicorn with uvloop and httptools, alone."""
    return [_uvicorn(work, place, place.port)]


def _uvicorn(work: Work, place: Place, port: int) -> Argv:
    options = ["--port", str(port), "--workers", str(work.workers), "--no-access-log"]
    return [place.program("uvicorn"), *options, "--app-dir", str(APPS), work.module]


def granian(work: Work, place: Place) -> list[Argv]:
    """Run granian, alone."""
    options = ["--port", str(place.port), "--workers", str(work.workers)]
    if work.blocking_threads is not None:
        options += ["--blocking-threads", str(work.blocking_threads)]
    interface = ["--interface", work.interface, "--working-dir", str(APPS)]
    return [[place.program("granian"), *interface, *options, work.module]]


def hypercorn(work: Work, place: Place) -> list[Argv]:
    """Run Hypercorn with uvloop, alone."""
    options = ["--bind", f"127.0.0.1:{place.port}", "--workers", str(work.workers)]
    server = [place.program("hypercorn"), "--worker-class", "uvloop", *options]
    return [[*server, str(APPS / work.module.replace(":", ".py:"))]]


CONTENDERS: dict[str, Contender] = {
    "snake": snake,
    "caddysnake": caddysnake,
    "caddy+gunicorn": caddy_gunicorn,
    "caddy+uvicorn": caddy_uvicorn,
    "uvicorn": uvicorn,
    "granian": granian,
    "hypercorn": hypercorn,
}
