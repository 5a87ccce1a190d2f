"""The servers, and the commands that start each with its makers' published settings.

snake and Caddy, and snake and Caddy Snake, run one and the same Caddyfile. gunicorn and uvicorn
stand behind Caddy's `reverse_proxy`, as in Caddy Snake's own benchmark: there
gunicorn has four threads.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import install
import reload_ways
from processes import Running, free_ports, running
from works import App, Site, Work


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contender runs: its programs, a folder for its files, and its ports."""

    venv: Path
    folder: Path
    port: int
    """The port that is loaded."""
    behind: int
    """A second port, for the app server behind a proxy."""
    host: str = "127.0.0.1"
    """The name of the site."""

    def program(self, name: str) -> str:
        """Return the path of a program in the venv."""
        return str(self.venv / "bin" / name)

    def caddyfile(self, name: str, handler: str, port: int | None = None) -> str:
        """Write a Caddyfile for one site, and return its path."""
        path = self.folder / f"{name}.caddyfile"
        path.write_text(
            f"{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}}\n"
            f"http://{self.host}:{port or self.port} {{\n\t{handler}\n}}\n"
        )
        return str(path)


Argv = list[str]
Start = Callable[[App, Place], list[Argv]]
"""Returns the commands to start, the app server before the proxy."""


def _python(work: App, place: Place) -> str:
    venv = install.apart(place.venv) if work.apart else place.venv
    lines = [
        f"module_{work.interface} {work.module}",
        f"working_dir {work.folder}",
        f"venv {venv}",
        f"workers {work.workers}",
        *work.lines,
    ]
    if work.apart:
        lines.append(f"python_path {venv}/bin/python")
    block = "\n".join(f"\t\t\t{line}" for line in lines)
    return place.caddyfile("python", f"route /* {{\n\t\tpython {{\n{block}\n\t\t}}\n\t}}")


def _proxy(place: Place) -> Argv:
    return _caddy(place, place.caddyfile("proxy", f"reverse_proxy 127.0.0.1:{place.behind}"))


def _caddy(place: Place, config: str) -> Argv:
    return [place.program("caddy"), "run", "--adapter", "caddyfile", "--config", config]


def snake(work: App, place: Place) -> list[Argv]:
    """Run snake, the app embedded in its workers if nothing asks for a pool."""
    return [[place.program("snake"), "run", "--config", _python(work, place)]]


def snake_reloaded(work: App, place: Place) -> list[Argv]:
    """Run snake so that it can be reloaded by every way that there is."""
    config = Path(_python(work, place))
    own = reload_ways.options(place.folder / "admin.sock")
    config.write_text(config.read_text().replace("\tadmin off\n", own))
    return [[place.program("snake"), "run", "--watch", "--config", str(config)]]


def snake_preload(work: App, place: Place) -> list[Argv]:
    """Run snake so that its workers share what the app has imported."""
    return snake(replace(work, lines=(*work.lines, "preload on")), place)


def caddysnake(work: App, place: Place) -> list[Argv]:
    """Run Caddy Snake, the binary from PyPI."""
    (binary,) = place.venv.glob("lib/python3*/site-packages/caddysnake-cli")
    config = _python(work, place)
    return [[str(binary), "run", "--adapter", "caddyfile", "--config", config]]


def caddy_gunicorn(work: App, place: Place) -> list[Argv]:
    """Run gunicorn with four threads a worker, behind Caddy."""
    return [[*_gunicorn(work, place, place.behind), "--threads", "4", work.module], _proxy(place)]


def gunicorn(work: App, place: Place) -> list[Argv]:
    """Run gunicorn as it is by default, alone."""
    return [[*_gunicorn(work, place, place.port), work.module]]


def gunicorn_preload(work: App, place: Place) -> list[Argv]:
    """Run gunicorn so that its workers share what the app has imported."""
    return [[*_gunicorn(work, place, place.port), "--preload", work.module]]


def _gunicorn(work: App, place: Place, port: int) -> Argv:
    server = [place.program("gunicorn"), "--workers", str(work.workers), "--chdir", work.folder]
    return [*server, "--bind", f"127.0.0.1:{port}"]


def caddy_uvicorn(work: App, place: Place) -> list[Argv]:
    """Run uvicorn with uvloop and httptools behind Caddy."""
    return [_uvicorn(work, place, place.behind), _proxy(place)]


def uvicorn(work: App, place: Place) -> list[Argv]:
    """Run uvicorn with uvloop and httptools, alone."""
    return [_uvicorn(work, place, place.port)]


def _uvicorn(work: App, place: Place, port: int) -> Argv:
    options = ["--port", str(port), "--workers", str(work.workers), "--no-access-log"]
    if "autoreload" in work.lines:
        options += ["--reload", "--reload-dir", work.folder]
    return [place.program("uvicorn"), *options, "--app-dir", work.folder, work.module]


def granian(work: App, place: Place) -> list[Argv]:
    """Run granian, alone."""
    options = ["--port", str(place.port), "--workers", str(work.workers)]
    if work.blocking_threads is not None:
        options += ["--blocking-threads", str(work.blocking_threads)]
    interface = ["--interface", work.interface, "--working-dir", work.folder]
    return [[place.program("granian"), *interface, *options, work.module]]


def hypercorn(work: App, place: Place) -> list[Argv]:
    """Run Hypercorn with uvloop, alone."""
    options = ["--bind", f"127.0.0.1:{place.port}", "--workers", str(work.workers)]
    server = [place.program("hypercorn"), "--worker-class", "uvloop", *options]
    return [[*server, f"{work.folder}/{work.module.replace(':', '.py:')}"]]


APP_SERVERS: dict[str, Start] = {
    "snake": snake,
    "snake preload": snake_preload,
    "snake reloaded": snake_reloaded,
    "caddysnake": caddysnake,
    "caddy+gunicorn": caddy_gunicorn,
    "caddy+uvicorn": caddy_uvicorn,
    "gunicorn": gunicorn,
    "gunicorn preload": gunicorn_preload,
    "uvicorn": uvicorn,
    "granian": granian,
    "hypercorn": hypercorn,
}
CONTENDERS = (*APP_SERVERS, "caddy")


def commands(name: str, work: Work, place: Place) -> list[Argv]:
    """Return the commands that start a contender for a work."""
    if isinstance(work, App):
        return APP_SERVERS[name](work, place)
    if isinstance(work, Site):
        return _site(name, work, place)
    raise TypeError(work)


@contextmanager
def started(name: str, work: Work, venv: Path, host: str = "127.0.0.1") -> Iterator[Running]:
    """Start a contender, wait until it answers, and stop it. Raises `StartError`."""
    with TemporaryDirectory(prefix="snake-bench-") as folder:
        port, behind = free_ports(2)
        place = Place(venv, Path(folder), port, behind, host)
        log = Path(folder) / "log"
        with running(commands(name, work, place), port, work.path, log) as server:
            yield server


def _site(name: str, work: Site, place: Place) -> list[Argv]:
    """Serve a site; what is behind a proxy is the real Caddy, whoever the proxy is."""
    handler = work.handler.replace("{behind}", f"127.0.0.1:{place.behind}")
    config = place.caddyfile("site", handler.replace("{files}", str(files(place))))
    start = {
        "snake": lambda: [place.program("snake"), "run", "--config", config],
        "caddy": lambda: _caddy(place, config),
    }[name]()
    if not work.proxied:
        return [start]
    return [upstream(place), start]


def upstream(place: Place) -> Argv:
    """Run what is behind a proxy: a Caddy that responds."""
    return _caddy(place, place.caddyfile("upstream", 'respond "Hello, world!"', place.behind))


def files(place: Place) -> Path:
    """Make the files that are served: bytes that mean nothing, and words that compress."""
    folder = place.folder / "files"
    folder.mkdir(exist_ok=True)
    words = [f"word{number}" for number in range(2000)]
    chance = random.Random(1)
    text = " ".join(chance.choice(words) for _ in range(9000))[:60_000]
    (folder / "10k.bin").write_bytes(chance.randbytes(10_000))
    (folder / "1m.bin").write_bytes(chance.randbytes(1_000_000))
    (folder / "60k.txt").write_text(text)
    return folder
