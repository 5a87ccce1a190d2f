"""Hidden files: which names on disk are treated as if nothing were there.

A name without a slash hides every file and folder of that name, one with a slash
hides that path and what is below it. Both may be globs. Relative paths begin at
the working directory, not at the site's root. Case counts, so this is no guard on
a file system for which it does not.

Source: Caddy's `file_server`, `fileHidden`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from snake.core.folder import START
from snake.core.glob import MAGIC, compile_glob
from snake.http.request import Request
from snake.http.roots import absolute
from snake.http.template import Template

Hidden = Callable[[str, Request], bool]
"""Whether a file name is hidden from a request."""


def hidden_by(entries: Sequence[str]) -> Hidden:
    """Compile a list of what to hide; entries may have placeholders."""
    templates = [Template(entry) for entry in entries]
    constant = hides(tuple(t.constant for t in templates if t.constant is not None))
    dynamic = [t.all for t in templates if t.constant is None]
    if not dynamic:
        return lambda filename, _: constant(filename)

    def hidden(filename: str, request: Request) -> bool:
        entries = tuple(fill(request) for fill in dynamic)
        return constant(filename) or _remembered(entries, START.folder)(filename)

    return hidden


@lru_cache(maxsize=64)
def _remembered(entries: tuple[str, ...], folder: str) -> Callable[[str], bool]:
    del folder  # relative paths mean something else in another one
    return hides(entries)


def hides(entries: tuple[str, ...]) -> Callable[[str], bool]:
    """Return whether a file name is hidden by any of `entries`."""
    if not entries:
        return lambda _: False
    names = [_named(entry) for entry in entries if "/" not in entry]
    paths = [_below(absolute(entry)) for entry in entries if "/" in entry]

    def hidden(filename: str) -> bool:
        full = filename if filename.startswith("/") else absolute(filename)
        return any(path(full) for path in paths) or (
            bool(names) and any(name(part) for part in full.split("/") for name in names)
        )

    return hidden


def _named(entry: str) -> Callable[[str], bool]:
    if not MAGIC.search(entry):
        return lambda part: part == entry
    glob = compile_glob(entry)
    return lambda part: glob.fullmatch(part) is not None


def _below(entry: str) -> Callable[[str], bool]:
    folder = f"{entry}/"
    if not MAGIC.search(entry):
        return lambda full: full == entry or full.startswith(folder)
    glob = compile_glob(entry)
    return lambda full: full.startswith(folder) or glob.fullmatch(full) is not None
