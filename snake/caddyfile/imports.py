"""Which files an `import` line means, and what is in them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from snake.caddyfile.environment import substitute
from snake.caddyfile.glob import PatternError, find_files
from snake.caddyfile.segments import Token
from snake.caddyfile.text import as_text
from snake.caddyfile.tokens import lex
from snake.core.suggest import suggestion

Warn = Callable[[Token, str], None]


def path_of(pattern: Token, beside: Token) -> str:
    """Return the path that a pattern is, which is relative to the file of the token `beside`."""
    text = pattern.text
    return text if os.path.isabs(text) else _join(beside.file, text)  # noqa: PTH117


def find(path: str, pattern: Token, names: Iterable[str], warn: Warn) -> list[str]:
    """Return the paths that a path with wildcards means. Raises `CaddyfileError`.

    `names` are the snippets that could have been meant instead of a file.
    """
    text = pattern.text
    if path.count("*") > 1 or path.count("?") > 1 or ("[" in path and "]" in path):
        pattern.fail(f"Glob pattern may only contain one wildcard (*), but has others: {path}")
    try:
        found = find_files(path)
    except PatternError:
        pattern.fail(f"Failed to use import pattern {text}: syntax error in pattern")
    if not found and not set(path).isdisjoint("*?[]"):
        warn(pattern, f"No files matching import glob pattern {text}")
    elif not found:
        hint = suggestion(text, names)
        pattern.fail(f"File to import not found: {text}{hint}", f"there is no {path}")
    if path.rpartition("/")[2].startswith("*"):
        return [path for path in found if not path.rpartition("/")[2].startswith(".")]
    return found


def _join(file: str, path: str) -> str:
    """Join as Go does: `..` is taken off by its name, whatever links there are."""
    return os.path.normpath(Path(file).absolute().parent / path)


def read(path: str, pattern: Token, warn: Warn) -> list[Token]:
    """Return the tokens of one imported file. Raises `CaddyfileError`."""
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            pattern.fail(f"Could not import {path}: is a directory")
        if not stat.S_ISREG(mode):
            pattern.fail(f"Could not import {path}: is not a regular file")
        data = Path(path).read_bytes()
    except OSError as error:
        pattern.fail(f"Could not import {path}: {error.strerror}")
    text = as_text(data, lambda line, odd: warn(Token("", path, line), odd))
    if not text.strip():
        warn(pattern, f"Import file is empty: {path}")
        return []
    text = substitute(text)
    if not text:
        pattern.fail(f"Could not read tokens while importing {path}: EOF")
    return lex(text, os.path.normpath(path))
