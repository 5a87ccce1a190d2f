"""Roots: where files are looked for, and how a request's path is put below one."""

from __future__ import annotations

import os.path
from collections.abc import Callable
from functools import lru_cache

from snake.core.folder import START
from snake.http.paths import clean
from snake.http.request import Request
from snake.http.template import Template


def root_of(text: str) -> Callable[[Request], str]:
    """Return the root for one request: `text` filled in, else `{http.vars.root}`, else `.`.

    A placeholder at its start that is empty means the working directory, so that
    `{http.vars.base}/files` without a base is not `/files`.
    """
    if not text:
        return lambda request: normal(str(request.variable("root") or "."))
    if (root := Template(text).constant) is not None:
        fixed = normal(root)
        return lambda _: fixed
    end = text.find("}") + 1 if text.startswith("{") else 0
    first, rest = Template(text[:end]).all, Template(text[end:]).all
    return lambda request: normal((first(request) or "." * bool(end)) + rest(request))


@lru_cache(maxsize=1024)
def normal(path: str) -> str:
    """Return a path without dot segments and doubled slashes; the empty one is `.`."""
    cleaned = os.path.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def join(root: str, path: str) -> str:
    """Return the file that a request's decoded path names below `root`; never one above it.

    The path is cleaned as text, so links are followed wherever they lead. A slash
    at its end is dropped. Source: Caddy's `SanitizedPathJoin`.
    """
    below = clean(path if path.startswith("/") else f"/{path}").rstrip("/")
    if root == ".":
        return below[1:] or "."
    return f"{root}{below}" if root != "/" else below or root


def absolute(filename: str) -> str:
    """Return `filename` from the root of the file system, without dot segments."""
    return os.path.abspath(START.path(filename))  # noqa: PTH100  # Path.absolute() keeps dot segments
