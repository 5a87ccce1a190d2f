"""Start: the script that PyInstaller's bootloader runs, before anything of snake can be imported.

Python's own modules are in PyInstaller's archive, and its libraries in a folder that the
bootloader makes for each start and removes at the end. The files of snake and the app are
thousands; they are in one more part of the program, which is unpacked once, into the user's cache.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

FILES = "snake-files.tar.gz"
"""The part of the program that has the files."""
BUILD = "snake-build.json"
"""Names that part: two programs with the same name and digest have the same files."""
PLACE = "snake-place.txt"
"""Where the files are, for the processes that the program starts."""
LOCK = "snake.lock"
"""A file that the program holds while it uses what lies beside it."""
_COOKIE = struct.Struct("!8sIIII64s")
_MAGIC = b"MEI\014\013\012\013\016"
_ENTRY = struct.Struct("!IIIIBc")
_TAIL = 1024 * 1024


def place(home: Path, environment: Mapping[str, str]) -> Path:
    """Return the folder of the files, which are unpacked if they are not yet.

    `home` is the folder that the bootloader made. The files are in there as well where there is
    no cache that only this user can change: the program then runs what no other user wrote, and
    unpacks it at each start.
    """
    told = home / PLACE
    if told.is_file():
        return Path(told.read_text("utf-8"))
    build = json.loads((home / BUILD).read_bytes())
    cache = _cache(environment)
    root = cache / f"{build['name']}-{build['digest'][:16]}" if cache is not None else home
    try:
        if cache is not None and not root.is_dir():
            _unpack(root)
    except OSError as error:
        print(f"Warning: the cache {cache} cannot be used: {error.strerror}", file=sys.stderr)  # noqa: T201
        root = home
    if root == home:
        _unpack_into(home)
    told.write_text(str(root), "utf-8")
    return root


def _cache(environment: Mapping[str, str]) -> Path | None:
    """Return a folder that is this user's alone; `None` if there is none that is fit."""
    base = environment.get("CACHE_DIRECTORY", "").split(":")[0]  # systemd's CacheDirectory=
    base = base or environment.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # noqa: PTH117  (as the specification of XDG has it)
        home = environment.get("HOME") or environment.get("LOCALAPPDATA", "")
        base = f"{home}/.cache" if os.path.isabs(home) else ""  # noqa: PTH117
    if not base:
        return None
    folder = Path(base)
    try:
        for name in ("snake", "programs"):
            folder.mkdir(mode=0o700, exist_ok=True)
            if not _is_fit(folder):
                return None
            folder /= name
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return None
    return folder if _is_fit(folder) else None


def _is_fit(folder: Path) -> bool:
    """Whether no other user can put anything into a folder, and what is in it can be run."""
    if os.name != "posix":
        return True
    status = folder.stat()
    is_run = not os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0)
    return is_run and status.st_uid == os.geteuid() and not status.st_mode & 0o002


def _unpack(root: Path) -> None:
    """Unpack into a folder that is there when all of it is there. Raises `OSError`."""
    import shutil  # noqa: PLC0415  (only when it is new)

    beside = root.with_name(f".{root.name}.{os.getpid()}")
    try:
        beside.mkdir(mode=0o700)
        _unpack_into(beside)
        os.sync() if hasattr(os, "sync") else None  # or a crash could leave empty files there
        beside.rename(root)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        if not root.is_dir():  # another start was first
            raise


def _unpack_into(folder: Path) -> None:
    import tarfile  # noqa: PLC0415  (only when it is new)

    with open(sys.executable, "rb") as program:  # noqa: PTH123
        program.seek(offset(Path(sys.executable)))
        with tarfile.open(fileobj=program, mode="r|gz") as archive:
            archive.extractall(folder, filter="fully_trusted")  # noqa: S202  (ours)
    (folder / LOCK).touch()


def offset(program: Path) -> int:
    """Return where the files begin in a program. Raises `ValueError` if it has none."""
    return next(at for name, at in parts(program) if name == FILES)


def parts(program: Path) -> Iterator[tuple[str, int]]:
    """Yield the parts of a program, and where each begins (PyInstaller's CArchive)."""
    size = program.stat().st_size
    with program.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        begin, tail = file.tell(), file.read()
        at = tail.rfind(_MAGIC)
        if at < 0:
            raise ValueError(f"{program} is no program of PyInstaller")
        _, length, toc, toc_length, _, _ = _COOKIE.unpack_from(tail, at)
        start = begin + at + _COOKIE.size - length
        file.seek(start + toc)
        entries = file.read(toc_length)
    at = 0
    while at < len(entries):
        entry_length, position, *_ = _ENTRY.unpack_from(entries, at)
        name = entries[at + _ENTRY.size : at + entry_length].rstrip(b"\0").decode()
        yield name, start + position
        at += entry_length


def _find_plainly(root: Path) -> None:
    """Have Python's own finder look into the folder.

    PyInstaller's, where it is asked, asks its archive first for each module, and does not tell
    `pkgutil` what modules there are, which Django asks for its commands and migrations.
    """
    import sysconfig  # noqa: PLC0415  (a script's tests need none of it)

    plain = sys.path_hooks[-1]
    folders = tuple(str(root / name) for name in ("lib", "Lib", "snake-app", "snake-venv"))

    def hook(path: str) -> Any:  # noqa: ANN401  (what a finder is, is importlib's)
        if not path.startswith(folders):
            raise ImportError
        return plain(path)

    sys.path_hooks.insert(0, hook)
    places = {"base": str(root), "platbase": str(root), "installed_base": str(root)}
    sys.path.append(sysconfig.get_path("purelib", "venv", places))
    # `site` looks there.
    sys.prefix = sys.exec_prefix = str(root)


if __name__ == "__main__":  # `multiprocessing` imports this file by another name
    home = Path(sys._MEIPASS)  # type: ignore[attr-defined]  # noqa: SLF001  (PyInstaller's)
    root = place(home, os.environ)
    _find_plainly(root)

    # By its name: it is the program, and above all that it is made of.
    import_module("snake.program").main(home, root)
