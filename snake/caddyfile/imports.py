"""Which files an `import` line means, and what is in them."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from snake.caddyfile.environment import substitute
from snake.caddyfile.segments import Line, Token
from snake.caddyfile.tokens import lex
from snake.core.suggest import suggestion
from snake.core.text import decode_utf8

Warn = Callable[[Token, str], None]


def find(pattern: Token, warn: Warn) -> list[str]:
    """Return the absolute paths that a pattern means, sorted.

    It is relative to the file that it is written in. Raises `CaddyfileError`
    when it names one file and there is none.
    """
    if not pattern.text:
        pattern.fail("import requires a non-empty file path")
    text = pattern.text
    if "\0" in text:
        pattern.fail("a file path cannot have a NUL character")
    if text.count("*") > 1 or text.count("?") > 1 or ("[" in text and "]" in text):
        pattern.fail(f"glob pattern may only contain one wildcard (*), but has others: {text}")
    folder = Path(pattern.file).absolute().parent
    if "*" not in text and "?" not in text:
        return [_join(folder, text)]
    found = glob.glob(text, root_dir=folder, include_hidden=True)  # noqa: PTH207
    if Path(text).name.startswith("*"):
        found = [path for path in found if not Path(path).name.startswith(".")]
    if not found:
        warn(pattern, f"no files matching import glob pattern {text}")
    return [_join(folder, path) for path in sorted(found)]


def _join(folder: Path, path: str) -> str:
    """Join as Go does: `..` is taken off by its name, whatever links there are."""
    return os.path.normpath(folder / path)


def read(path: str, pattern: Token, snippets: Iterable[str], warn: Warn) -> list[Line]:
    """Return the lines of one imported file. Raises `CaddyfileError`.

    `snippets` are the names that could have been meant instead of a file's.
    """
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            pattern.fail(f"could not import {path}: is a directory")
        if not stat.S_ISREG(mode):
            pattern.fail(f"could not import {path}: is not a regular file")
        text = decode_utf8(Path(path).read_bytes(), path)
    except FileNotFoundError:
        hint = suggestion(pattern.text, snippets)
        pattern.fail(f"file to import not found: {pattern}{hint}", f"there is no {path}")
    except OSError as error:
        pattern.fail(f"could not import {path}: {error}")
    if not text.strip():
        warn(pattern, f"import file is empty: {path}")
    return lex(substitute(text), path)
