"""Values with `*` at either end, the way the header matchers of requests and responses use them."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def match_wildcard(pattern: str, value: str) -> bool:
    """Whether `value` is `pattern`, in which a `*` at either end stands for the rest."""
    if pattern == "*":
        return True
    if pattern.startswith("*") and pattern.endswith("*"):
        return pattern[1:-1] in value
    if pattern.startswith("*"):
        return value.endswith(pattern[1:])
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    return value == pattern


def compile_wildcards(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return whether a value matches any of `patterns`, which are sorted by kind once."""
    exact: set[str] = set()
    prefixes: list[str] = []
    others: list[str] = []
    for pattern in patterns:
        if not pattern.startswith("*") and pattern.endswith("*"):
            prefixes.append(pattern[:-1])
        elif pattern.startswith("*"):
            others.append(pattern)
        else:
            exact.add(pattern)
    starts = tuple(prefixes)
    if not others:
        return lambda value: value in exact or value.startswith(starts)
    return lambda value: (
        value in exact
        or value.startswith(starts)
        or any(match_wildcard(pattern, value) for pattern in others)
    )
