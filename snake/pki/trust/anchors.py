"""Anchors: the stores of Linux, which are a folder of PEM files and a tool that reads them.

Each distribution has a folder, a tool and a file of its own: those are in the modules beside this.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snake.core.record import Record
from snake.pki.trust.root import Root
from snake.pki.trust.tool import Rights, TrustError, find, is_root, run

_LARGEST = 1 << 20
"""Bytes of a file in the folder that is looked into."""


class Anchors(Record):
    """The store of a distribution."""

    name: str
    folder: str
    """Where additional roots are put."""
    ending: str
    command: tuple[str, ...]
    """What makes the bundle from the folder."""
    bundle: str
    """The file of all roots that programs read."""
    forgetting: tuple[str, ...] = ()
    """What the command needs besides, to clean up after a root that is no longer there."""

    def missing(self) -> str:
        """Return why it is not to be had here."""
        if not Path(self.folder).is_dir():
            return f"there is no folder {self.folder}"
        return "" if find(self.command[0]) else f"there is no program {self.command[0]}"

    def has(self, root: Root) -> bool:
        """Return whether the bundle has it."""
        try:
            return root.is_in(Path(self.bundle).read_bytes())
        except OSError:
            return False

    def add(self, root: Root, rights: Rights) -> str:
        """Put it into the folder, and have the bundle made. Raises `TrustError`."""
        file = self.file(root)
        with self._alone():
            if self._is_ours():
                _write(file, root.pem)
            else:
                run(("tee", str(file)), rights=rights, given=root.pem.encode())
            self._update(rights)
            if not self.has(root):
                raise TrustError(f"{self.command[0]} did not add {file} to {self.bundle}")
        return str(file)

    def remove(self, root: Root, rights: Rights) -> str:
        """Remove it from the folder, and have the bundle made. Raises `TrustError`."""
        with self._alone():
            files = self._files(root)
            for file in files:
                if self._is_ours():
                    _remove(file)
                else:
                    run(("rm", "-f", "--", str(file)), rights=rights)
            if files:
                self._update(rights, *self.forgetting)
        return ", ".join(map(str, files))

    def file(self, root: Root) -> Path:
        """Return the file that a root gets."""
        return Path(self.folder, root.file_name + self.ending)

    def _files(self, root: Root) -> list[Path]:
        """Return the files that hold a root, whoever has named them."""
        try:
            return [file for file in sorted(Path(self.folder).iterdir()) if _holds(file, root)]
        except OSError as error:
            raise TrustError(f"cannot read {self.folder}: {error.strerror}") from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let others who use this wait: the tool cannot be run twice at once."""
        import fcntl  # noqa: PLC0415  (there is none on Windows, where this is never called)

        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _is_ours(self) -> bool:
        """Whether this process may write the folder. The tool needs as much."""
        return is_root() or os.access(self.folder, os.W_OK)

    def _update(self, rights: Rights, *more: str) -> None:
        command = (find(self.command[0]) or self.command[0], *self.command[1:], *more)
        run(command, rights=None if self._is_ours() else rights)


def _holds(file: Path, root: Root) -> bool:
    try:
        return file.is_file() and file.stat().st_size <= _LARGEST and root.is_in(file.read_bytes())
    except OSError:
        return False


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text)
        file.chmod(0o644)
    except OSError as error:
        raise TrustError(f"cannot write {file}: {error.strerror}") from None


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise TrustError(f"cannot remove {file}: {error.strerror}") from None
