"""Plan: what PyInstaller puts into a program, and how. The spec file that it runs asks this one.

It follows no imports but those of Python's own modules: of those all are in, since an app may
import any. What snake and the app are made of are files, as they are installed, so that nothing
of it can be missed. Their libraries are named, so that what they are linked with is there, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from snake.bundle.layout import packages

Entry = tuple[str, str, str]
"""A name in the program, a file, and what PyInstaller calls it."""

WITHOUT = frozenset(
    {
        *("test", "idlelib", "lib2to3", "tkinter", "turtle", "turtledemo", "pydoc_data"),
        *("antigravity", "this", "distutils", "ensurepip", "venv", "msilib", "__phello__"),
        *(
            "_tkinter",
            "_ctypes_test",
            "_testbuffer",
            "_testcapi",
            "_testclinic",
            "_testimportmultiple",
        ),
        *("_testinternalcapi", "_testlimitedcapi", "_testmultiphase", "_testsinglephase"),
        *("_testexternalinspection", "_testclinic_limited", "_xxtestfuzz", "xxlimited"),
        *("xxlimited_35", "xxsubtype", "nt", "winreg", "winsound", "msvcrt"),
    }
)
"""Modules of Python that no server needs: tests, windows, tools to install Python."""
OTHERS = ("snake", "setuptools", "pkg_resources", "_distutils_hack")
"""What PyInstaller is not to follow."""
LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1")
"""What wheels for Linux may expect of a system (PEP 600), and a small one has not."""
_LARGE = 256 * 1024
"""Bytes of a library from which on it pays to take its symbols out."""


def modules() -> list[str]:
    """Return the names of all of Python's own modules that are there, those in packages too."""
    names = sorted(sys.stdlib_module_names - WITHOUT - {"__main__"})
    return [each for name in names for each in _with_submodules(name)]


def _with_submodules(name: str) -> Iterator[str]:
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    yield name
    for folder in spec.submodule_search_locations or ():
        for path in sorted(Path(folder).iterdir()):
            stem = path.name.partition(".")[0]
            if path.suffix == ".py" and stem not in ("__init__", "__main__"):
                yield f"{name}.{stem}"
            elif (path / "__init__.py").is_file() and stem not in ("test", "tests"):
                yield from _with_submodules(f"{name}.{stem}")


def libraries(root: Path) -> list[tuple[str, str]]:
    """Return the libraries below a root, each with its folder, so that what they need is found."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and is_library(path))
    return [(str(path), str(path.parent.relative_to(root))) for path in found]


def outside(entries: Iterable[Entry], root: Path, folder: Path) -> list[Entry]:
    """Return the libraries that are not below the root, thin ones written to a folder."""
    kept = [entry for entry in entries if not entry[1].startswith(f"{root}{os.sep}")]
    thinner = thin([source for _, source, _ in kept], folder)
    return [(name, thinner.get(source, source), kind) for name, source, kind in kept]


def is_library(path: Path) -> bool:
    """Whether a file is machine code that Python loads."""
    if not (path.suffix in (".so", ".pyd", ".dylib", ".dll") or ".so." in path.name):
        return False
    with path.open("rb") as file:
        return file.read(4) in (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe") or (
            path.suffix in (".pyd", ".dll")
        )


def system_libraries() -> list[tuple[str, str]]:
    """Return those of `LIBRARIES` that this system has, each with its folder in the program."""
    if sys.platform != "linux" or not (ldconfig := which("ldconfig", path="/sbin:/usr/sbin")):
        return []
    told = subprocess.run(  # noqa: S603  (the system's)
        [ldconfig, "-p"], check=False, capture_output=True, text=True
    ).stdout
    found = {
        line.split()[0]: line.rpartition("=> ")[2]
        for line in reversed(told.splitlines())
        if "=> " in line and _is_ours(line)
    }
    return [(found[name], ".") for name in LIBRARIES if name in found]


def _is_ours(line: str) -> bool:
    """Whether a library in the list of the system is for this machine's kind of program."""
    return "x86-64" in line or "AArch64" in line or "64bit" in line


def thin(sources: Iterable[str], folder: Path) -> dict[str, str]:
    """Write libraries to a folder without their symbols, which only a debugger needs.

    Returns the new file of each that is large, and that loads. Where there is no `strip`, that is
    none.
    """
    strip = which("strip") if sys.platform == "linux" else None
    folder.mkdir(exist_ok=True)
    made: dict[str, str] = {}
    for at, source in enumerate(sources):
        if strip and Path(source).stat().st_size >= _LARGE:
            target = folder / f"{at}-{Path(source).name}"
            done = subprocess.run(  # noqa: S603
                [strip, "-o", target, source], check=False, capture_output=True
            )
            if not done.returncode:
                made[source] = str(target)
    broken = _broken(made.values())
    return {source: target for source, target in made.items() if target not in broken}


def slim(root: Path, folder: Path) -> None:
    """Make the libraries of snake thin. Some wheels do not survive it, so the app's stay."""
    found = [str(path) for path in packages(root).rglob("*") if path.is_file() and is_library(path)]
    for source, target in thin(found, folder).items():
        Path(target).replace(source)


_LOAD = """\
import ctypes, sys
for path in sys.argv[1:]:
    try:
        ctypes.CDLL(path)
    except OSError as error:
        if "cannot open shared object" not in str(error):
            print(path)
"""


def _broken(paths: Iterable[str]) -> set[str]:
    """Return the libraries that do not load, though all that they need is there."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-P", "-c", _LOAD, *paths], check=False, capture_output=True, text=True
    )
    return set(done.stdout.split("\n")) if not done.returncode else set(paths)
