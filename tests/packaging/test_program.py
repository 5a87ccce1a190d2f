"""A standalone executable: built once, of a Flask app, and run in many ways."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import distribution
from pathlib import Path

import httpx
import pytest

from tests.packaging.programs import LIMIT, bare_root, build, running, write

pytest.importorskip("PyInstaller", reason="no PyInstaller can be installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="it looks at processes as Linux has them"),
]

APP = """
import multiprocessing, os, sqlite3, ssl, zoneinfo
from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return {"pid": os.getpid(), "zone": str(zoneinfo.ZoneInfo("Europe/Rome")), "click": CLICK}


def square(number):
    return number * number


@app.get("/squares")
def squares():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(square, [1, 2, 3])


from click import __file__ as CLICK
"""
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = ("flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "blinker", "click")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executable of an app with its packages and a static file; one for all processes."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "program.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = shared / "program" / "program"
        return built if built.exists() else built_in(built.parent)


def built_in(folder: Path) -> Path:
    """Build the executable."""
    write({"main.py": APP}, folder / "app")
    write({"hello.txt": "static"}, folder / "app/static")
    for name in PACKAGES:
        for path in distribution(name).files or ():
            if ".." not in path.parts:
                target = folder / "packages" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(path.locate()), target)
    return build("app", "--app", "main:app", "--venv", "packages", cwd=folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables that lead all that a program writes into folders of this test."""
    folder = tmp_path_factory.mktemp("place")
    names = {"XDG_CACHE_HOME": "cache", "TMPDIR": "tmp", "XDG_DATA_HOME": "data"}
    for name in names.values():
        (folder / name).mkdir()
    return {name: str(folder / value) for name, value in names.items()}


def extracted(place: dict[str, str]) -> list[Path]:
    """Return the folders that PyInstaller has made."""
    return list(Path(place["TMPDIR"]).glob("_MEI*"))


def until(is_so: object) -> None:
    """Wait until something is so."""
    assert callable(is_so)
    end = time.monotonic() + LIMIT
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_program_serves_the_app(program: Path, place: dict[str, str]) -> None:
    """It serves the app with its own packages, processes of Python's, time zones and files."""
    with running(program, "--static-path", "static", variables=place) as (_, url):
        hello = httpx.get(url).json()
        squares = httpx.get(f"{url}/squares", timeout=LIMIT).json()
        static = httpx.get(f"{url}/static/hello.txt").text

    assert "snake-venv" in hello["click"]
    assert hello["zone"] == "Europe/Rome"
    assert squares == [1, 4, 9]
    assert static == "static"
    assert extracted(place) == []


def test_app_that_cannot_be_in_the_workers_has_its_own_processes(
    program: Path, place: dict[str, str]
) -> None:
    """The program is the Python of the packed venv for an app in a pool, as with autoreload."""
    with running(program, "--autoreload", variables=place) as (_, url):
        assert "snake-venv" in httpx.get(url).json()["click"]
        assert httpx.get(f"{url}/squares", timeout=LIMIT).json() == [1, 4, 9]


def test_files_are_unpacked_once(program: Path, place: dict[str, str]) -> None:
    """A second start finds the files that the first has left in the cache, which is the user's."""
    found = []
    for _ in range(2):
        assert run(program, "--help", place=place).returncode == 0
        (folder,) = Path(place["XDG_CACHE_HOME"], "snake/programs").iterdir()
        found.append((folder, (folder / "snake-app/main.py").stat().st_ino))

    assert found[0] == found[1]
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_cache_that_others_can_write_is_not_used(
    program: Path, place: dict[str, str], tmp_path: Path
) -> None:
    """Where others could change the files, they are unpacked for this start alone."""
    tmp_path.chmod(0o777)
    with running(program, variables=place | {"XDG_CACHE_HOME": str(tmp_path)}) as (_, url):
        assert httpx.get(url).status_code == 200
        (folder,) = extracted(place)
        assert (folder / "snake-app/main.py").exists()
    assert list(tmp_path.iterdir()) == extracted(place) == []


def test_one_interrupt_is_one(program: Path, place: dict[str, str]) -> None:
    """Ctrl-C, which all processes get and the bootloader passes on, ends it gracefully."""
    with running(program, variables=place) as (process, _):
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(LIMIT) == 0
    assert extracted(place) == []


def test_nothing_is_left_of_a_killed_program(program: Path, place: dict[str, str]) -> None:
    """A program whose bootloader is killed ends and cleans up; after both, the next start does."""
    with running(program, variables=place) as (process, _):
        process.kill()
        until(lambda: not extracted(place))
    with running(program, variables=place) as (process, _):
        os.killpg(process.pid, signal.SIGKILL)
    (left,) = extracted(place)
    os.utime(left / "snake.lock", (0, 0))
    with running(program, variables=place):
        assert left not in extracted(place)
    assert extracted(place) == []


def run(program: Path, *flags: str, place: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program until it ends."""
    return subprocess.run([program, *flags], env=place, check=False, capture_output=True, text=True)


def test_mistake_in_a_flag_is_told(program: Path, place: dict[str, str]) -> None:
    """A wrong flag is told in the program's own name, and its help shows Caddy Snake's flags."""
    wrong = run(program, "--lisen", "x", place=place)
    shown = run(program, "--help", place=place)

    assert wrong.returncode == 1
    assert "Run 'program --help' for usage." in wrong.stderr
    assert shown.stdout.startswith("Usage: program [OPTIONS]")
    for flag in ("--listen", "--domain", "--workers", "--static-path", "--access-logs"):
        assert flag in shown.stdout


def test_app_is_not_confined_without_a_python(program: Path, place: dict[str, str]) -> None:
    """`isolation process`, which needs a Python that the app may run, is refused by name."""
    refused = run(program, "--isolation", "process", place=place)

    assert refused.returncode == 1
    assert "isolation process: a standalone executable has no Python" in refused.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount")
def test_cache_that_nothing_runs_from_is_not_used(program: Path, place: dict[str, str]) -> None:
    """A cache on a file system without programs (noexec), or without room, is not used."""
    cache, tmp = place["XDG_DATA_HOME"], place["TMPDIR"]
    for options in ("noexec,mode=700", "size=1m,mode=700"):
        mount = f'mount -t tmpfs -o {options} tmpfs "$1" && mount -t tmpfs tmpfs "$2" || exit 77'
        command = f'{mount}; exec "$3" --help'
        shown = subprocess.run(
            ["unshare", "--mount", "sh", "-c", command, "sh", cache, tmp, program],
            env=place | {"XDG_CACHE_HOME": cache, "PATH": PATH},
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if shown.returncode == 77 or shown.stderr.startswith("unshare: "):
            pytest.skip("this root may not mount")
        assert shown.stdout.startswith("Usage: program"), shown.stderr
        assert ("No space left" in shown.stderr) == options.startswith("size")


@pytest.mark.skipif(os.getuid() != 0, reason="only root may change its root")
def test_program_runs_where_there_is_no_python(program: Path, tmp_path: Path) -> None:
    """In a root with a C library and nothing else, it serves."""
    root = bare_root(tmp_path / "root")
    with running(program, root=root) as (_, url):
        assert httpx.get(url).json()["zone"] == "Europe/Rome"
    assert (root / "root/.cache/snake/programs").is_dir()
