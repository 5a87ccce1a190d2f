"""The permission python_dir: a name may have a certificate if there is a folder for it.

Syntax, in `permission`::

    python_dir {
        root          <folder>
        domain_suffix <domain>
    }
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.core.modules import Context, Module
from snake.core.suggest import suggestion
from snake.core.thread import in_thread
from snake.tls.permission import DeniedError, Permission

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_FIELDS = ("root", "domain_suffix")
_SKIPPED = ("python_dir", "{", "}")


class PythonDir(Module):
    """The JSON of `tls.permission.python_dir`: `<name>.<domain_suffix>` if `<root>/<name>` is."""

    id = "tls.permission.python_dir"

    root: str = ""
    domain_suffix: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `python_dir { root <folder>; domain_suffix <domain> }`.

        Braces and the ends of lines mean nothing, as in Caddy Snake.
        """
        del guests
        fields: dict[str, str] = {}
        _read(line, fields)
        return cls(**fields)

    async def provision(self, ctx: Context) -> Permission:
        """Look for the folder now. Raises `ConfigError`."""
        for field in _FIELDS:
            if not getattr(self, field).strip():
                raise ctx.at(field).fail(f"{self.id}: {field} is required")
        root = self._folder(ctx)
        suffix = "." + self.domain_suffix.strip().lower().strip(".")
        return Folders(root, suffix)

    def _folder(self, ctx: Context) -> Path:
        try:
            root = Path(self.root).resolve(strict=True)
        except (OSError, RuntimeError, ValueError) as error:
            raise ctx.at("root").fail(f'{self.id}: stat root "{self.root}": {error}') from None
        if not root.is_dir():
            raise ctx.at("root").fail(f'{self.id}: root "{root}" is not a directory')
        return root


class Folders:
    """A `Permission` of the folders in `root`, whose names are those before `suffix`."""

    def __init__(self, root: Path, suffix: str) -> None:
        self._root = root
        self._suffix = suffix

    async def allows(self, name: str) -> None:
        """Look for the folder. Raises `DeniedError`."""
        if not await in_thread(_allowed, name, self._root, self._suffix):
            raise DeniedError(f"there is no folder for it in {self._root}")


def _allowed(name: str, root: Path, suffix: str) -> bool:
    host = name.strip().removesuffix(".").lower()
    slug = host.removesuffix(suffix)
    if slug == host or not _SLUG.fullmatch(slug):
        return False
    try:
        folder = (root / slug).resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return folder.is_relative_to(root) and folder.is_dir()


def _read(line: Segment, fields: dict[str, str]) -> None:
    words = list(line.words)
    while words:
        word = words.pop(0)
        if word.text in _SKIPPED:
            continue
        if word.text not in _FIELDS:
            word.fail(
                f'unknown subdirective "{word}"{suggestion(word.text, _FIELDS)}',
                f"python_dir knows: {', '.join(_FIELDS)}",
            )
        if not words:
            word.fail(f"{word} takes one argument, got 0")
        fields[word.text] = words.pop(0).text
    for inner in line.lines:
        _read(inner, fields)
