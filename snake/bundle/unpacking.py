"""Unpacking: the files of an app, out of a zip or a folder that anybody may have made."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from snake.core.errors import SnakeError

LARGEST = 1024 * 1024 * 1024
"""Bytes that an app may have, unpacked. Each start of the program writes all of them."""
MOST = 100_000
"""Files that it may have."""
LEFT_OUT = frozenset(
    {
        *("__pycache__", ".git", ".hg", ".svn", ".tox", ".nox", ".idea", ".DS_Store", "__MACOSX"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", "node_modules"),
    }
)
"""What a folder has that is not the app's."""
_CHUNK = 1024 * 1024


def unpack(source: Path, folder: Path, output: Path) -> None:
    """Write the app in a zip or a folder to an empty folder. Raises `SnakeError`.

    `output`, which may lie in the app's own folder, is no part of it.
    """
    if source.is_dir():
        return _copy(source, folder, output)
    if not source.exists():
        raise SnakeError(f'"{source}" does not exist; it takes a zip or a folder')
    if not source.is_file():
        raise SnakeError(f'"{source}" is neither a zip nor a folder')
    try:
        with zipfile.ZipFile(source) as archive:
            _extract(source, archive, folder)
    except zipfile.BadZipFile as error:
        raise SnakeError(f'"{source}" is no zip that can be read: {error}') from None
    except (NotImplementedError, zlib.error, EOFError) as error:
        raise SnakeError(f'"{source}" cannot be unpacked: {error}') from None
    except OSError as error:
        raise SnakeError(f'"{source}" cannot be unpacked: {error.strerror or error}') from None
    _lift(folder)
    return None


def _extract(source: Path, archive: zipfile.ZipFile, folder: Path) -> None:
    entries = archive.infolist()
    if not entries:
        raise SnakeError(f'"{source}" is empty')
    seen: set[str] = set()
    left = LARGEST
    if len(entries) > MOST or sum(entry.file_size for entry in entries) > LARGEST:
        raise _too_large(source)
    for entry in entries:
        fault = _fault(entry)
        path = str(PurePosixPath(entry.filename))
        if not fault and path in seen:
            fault = "is in it twice"
        if fault:
            raise SnakeError(f"{source}: {entry.filename!r} {fault}")
        seen.add(path)
        target = folder / path
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as packed, target.open("xb") as file:
            # What the zip says of a size need not be true.
            left = _write(packed, file, left)
        if left < 0:
            raise _too_large(source)
        target.chmod(0o755 if (entry.external_attr >> 16) & 0o100 else 0o644)


def _fault(entry: zipfile.ZipInfo) -> str:
    """Return what is wrong with an entry; nothing if it may be written."""
    return _fault_of_name(entry.filename) or _fault_of_kind(entry)


def _fault_of_name(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or name[1:2] == ":":
        return "is not in the app's folder: its path is absolute"
    if ".." in path.parts or "\\" in name:
        return 'is not in the app\'s folder: its path has ".." or a backslash'
    return "" if name.isprintable() and path.parts else "is no name of a file"


def _fault_of_kind(entry: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.flag_bits & 1:
        return "is encrypted; make the zip without a password"
    if kind == stat.S_IFLNK:
        return "is a symbolic link; make the zip with what it leads to"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is neither a file nor a folder"
    return ""


def _write(packed: IO[bytes], file: IO[bytes], left: int) -> int:
    """Copy, and return how many bytes may still come; less than none if that was too much."""
    while left >= 0 and (chunk := packed.read(_CHUNK)):
        left -= len(chunk)
        if left >= 0:
            file.write(chunk)
    return left


def _lift(folder: Path) -> None:
    """Let the app be what is in the one folder of a zip, as the zips of repositories have it."""
    entries = [path for path in folder.iterdir() if path.name not in LEFT_OUT]
    if len(entries) != 1 or not entries[0].is_dir() or (entries[0] / "__init__.py").exists():
        return
    if not any(entries[0].iterdir()):
        return
    # Its own name may be that of something in it.
    moved = entries[0].rename(folder / ".lifted")
    for path in list(moved.iterdir()):
        path.rename(folder / path.name)
    moved.rmdir()


def _copy(source: Path, folder: Path, output: Path) -> None:
    left, count = LARGEST, 0
    try:
        for path in _files(source, output):
            target = folder / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
            left, count = left - target.stat().st_size, count + 1
            if left < 0 or count > MOST:
                raise _too_large(source)
    except OSError as error:
        raise SnakeError(f'"{error.filename}" cannot be read: {error.strerror}') from None
    if not count:
        raise SnakeError(f'"{source}" has no files')


def _files(source: Path, output: Path) -> Iterator[Path]:
    """Yield the files of an app, in order."""
    for place, folders, names in os.walk(source):
        here = Path(place)
        folders[:] = sorted(each for each in folders if not _is_left_out(here / each))
        for path in (here / each for each in folders):
            if path.is_symlink():
                raise SnakeError(f'"{path}" is a link to a folder; it takes the folder itself')
        for path in (here / each for each in sorted(names)):
            if path.name in LEFT_OUT or path.suffix == ".pyc" or path == output:
                continue
            if path.is_file():  # a socket or a pipe is no part of an app
                yield path
            elif path.is_symlink():
                raise SnakeError(f'"{path}" leads to {path.readlink()}, which is no file')


def _is_left_out(folder: Path) -> bool:
    return folder.name in LEFT_OUT or (folder / "pyvenv.cfg").is_file()


def _too_large(source: Path) -> SnakeError:
    return SnakeError(
        f'"{source}" is too large: an app has {LARGEST // 1024**2} MiB and {MOST} files at most'
    )
