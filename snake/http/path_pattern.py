"""Path patterns: how the `path` matcher compares a request's path with `/api/*` and its like.

Patterns come in lower case and so do the paths they are compared with: a path
that differs only in case is the same file on some systems, and a rule that
guards one spelling must guard them all.

Source: Caddy's `MatchPath`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from snake.core.glob import MAGIC, compile_glob
from snake.http.paths import clean
from snake.http.request import Request

Test = Callable[[Request], bool]


def compile_patterns(patterns: Iterable[str]) -> Test:
    """Return whether a path matches any of `patterns`: one look-up each for the usual kinds."""
    exact: set[str] = set()
    prefixes: list[str] = []
    others: list[Test] = []
    for pattern in patterns:
        if pattern == "*":
            return lambda _: True
        if "%" in pattern or "//" in pattern:
            others.append(compile_pattern(pattern))
        elif not MAGIC.search(pattern):
            exact.add(pattern)
        elif pattern.endswith("*") and not MAGIC.search(pattern[:-1]):
            prefixes.append(pattern[:-1])
        else:
            others.append(compile_pattern(pattern))
    return _any(frozenset(exact), tuple(prefixes), others)


def _any(exact: frozenset[str], prefixes: tuple[str, ...], others: list[Test]) -> Test:
    if not others and not prefixes:
        return lambda request: request.clean_path.lower() in exact
    if not others and not exact:
        return lambda request: request.clean_path.lower().startswith(prefixes)

    def match(request: Request) -> bool:
        path = request.clean_path.lower()
        return path in exact or path.startswith(prefixes) or any(test(request) for test in others)

    return match


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Test:
    """Return the test of one pattern in lower case."""
    if pattern == "*":
        return lambda _: True
    merge = "//" not in pattern
    if "%" in pattern:
        glob = compile_glob(pattern.replace("%*", "*"))

        hints = pattern.encode("utf-8", "surrogateescape")

        def escaped(request: Request) -> bool:
            path = clean(request.raw_path.decode("latin-1"), collapse_slashes=merge)
            compared = _half_decoded(path.lower().encode("latin-1"), hints)
            return compared is not None and glob.fullmatch(compared.lower()) is not None

        return escaped
    compare = _comparison(pattern)
    if merge:
        return lambda request: compare(request.clean_path.lower())
    return lambda request: compare(clean(request.path.lower(), collapse_slashes=False))


def _comparison(pattern: str) -> Callable[[str], bool]:
    """Return the comparison for where the stars are: both ends, one end, or a glob."""
    stars = pattern.count("*")
    if stars == 2 and pattern[0] == pattern[-1] == "*":  # noqa: PLR2004
        part = pattern[1:-1]
        return lambda path: part in path
    if stars == 1 and pattern[0] == "*":
        return lambda path: path.endswith(pattern[1:])
    if stars == 1 and pattern[-1] == "*":
        return lambda path: path.startswith(pattern[:-1])
    if not MAGIC.search(pattern):
        return lambda path: path == pattern
    glob = compile_glob(pattern)
    return lambda path: glob.fullmatch(path) is not None


def _half_decoded(path: bytes, pattern: bytes) -> str | None:
    """Decode `path` except where `pattern` has a `%` at the same place.

    Walks both side by side; `None` when what follows a star is not in the path.
    """
    parts: list[bytes] = []
    at, here = 0, 0
    while here < len(pattern) and at < len(path):
        length = 3 if path[at] == _PERCENT and len(path) >= at + 3 else 1
        char = pattern[here]
        if char == _PERCENT and len(pattern) >= here + 3 and pattern[here + 1] != _STAR:
            parts.append(path[at : at + 3] if length == 3 else b"")  # noqa: PLR2004
            at, here = at + length, here + 3
            continue
        if char not in (_PERCENT, _STAR):
            parts.append(unquote_to_bytes(path[at : at + length]))
            at, here = at + length, here + 1
            continue
        here += char == _PERCENT
        # As in Caddy, a star that meets an escape takes up with its last digit.
        at += length - 1
        span = _span(path, at, pattern[here + 1 : here + 2])
        if span is None:
            return None
        parts.append(span if char == _PERCENT else unquote_to_bytes(span))
        at, here = at + len(span), here + 1
    parts.append(unquote_to_bytes(path[at:]))
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _span(path: bytes, at: int, until: bytes) -> bytes | None:
    """Return what a star stands for: up to the byte after it, or to the end."""
    if not until:
        return path[at:]
    end = path.find(until, at)
    return None if end < 0 else path[at:end]


_PERCENT, _STAR = b"%*"
