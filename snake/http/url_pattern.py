"""URL patterns: `/books/:id`, `https://*.example.com/*`; the WHATWG's URLPattern.

Source: https://urlpattern.spec.whatwg.org/, and Caddy's `MatchURLPattern`. The patterns
are those of the package urlpattern, whose regular expressions take linear time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from snake.core.errors import SnakeError
from snake.core.regexp import RegexpError
from snake.http.paths import clean, escape_path
from snake.http.request import Request
from snake.http.url_component import Component

_COMPONENTS = (
    *("protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"),
)
_FOLDED = {"pathname": "/", "search": "", "hash": ""}
"""The components to which `ignore_case` applies, and what ends a name in each."""
_PREFIX = "http.url_pattern."

Parts = dict[str, Mapping[str, Any]]
"""What was found in each component: the input and the groups."""
Find = Callable[[str, str], Parts | None]
"""Looks at a target, and at the origin that it is relative to. Raises `ValueError`."""


class URLPatternError(SnakeError):
    """A text that is no URL pattern."""


def compile_url_pattern(
    pattern: str, base_url: str, *, ignore_case: bool
) -> Callable[[Request], bool]:
    """Return what matches requests, and keeps the groups in them. Raises `URLPatternError`.

    A pattern without a scheme is one of paths, on any host unless `base_url` names one.
    """
    if not base_url and "://" not in pattern:
        pattern = f"*://*:*{pattern}"
    try:
        find = _finder(pattern, base_url, ignore_case=ignore_case)
    except (ValueError, RegexpError) as error:
        raise URLPatternError(f"unable to parse URL pattern: {error}") from None
    merge = "//" not in _path_of(pattern)

    def match(request: Request) -> bool:
        scheme = "https" if request.is_secure else "http"
        try:
            found = find(_target(request, merge=merge), f"{scheme}://{request.hostport}")
        except ValueError:
            return False
        for component, part in (found or {}).items():
            _keep_groups(request, component, part)
        return found is not None

    return match


def _finder(pattern: str, base_url: str, *, ignore_case: bool) -> Find:
    from urlpattern import URLPattern  # noqa: PLC0415  (few sites need it)

    compiled = URLPattern(pattern, base_url) if base_url else URLPattern(pattern)
    if not ignore_case:

        def find(target: str, origin: str) -> Parts | None:
            found: Any = compiled.exec(target, origin)
            return None if found is None else {name: found[name] for name in _COMPONENTS}

        return find
    folded = {
        name: Component(getattr(compiled, name), delimiter) for name, delimiter in _FOLDED.items()
    }
    rest: Any = {name: getattr(compiled, name) for name in _COMPONENTS if name not in _FOLDED}
    origins = URLPattern(rest)

    def find_folded(target: str, origin: str) -> Parts | None:
        found: Any = origins.exec(target, origin)
        if found is None:
            return None
        parts: Parts = {name: found[name] for name in rest}
        for name, component in folded.items():
            groups = component.match(found[name]["input"])
            if groups is None:
                return None
            parts[name] = {"input": found[name]["input"], "groups": groups}
        return parts

    return find_folded


def _keep_groups(request: Request, component: str, part: Mapping[str, Any]) -> None:
    """Set the placeholders of a component; a lone group of one that is empty has none."""
    groups = part["groups"]
    if len(groups) == 1 and not part["input"] and not any(groups.values()):
        return
    for name, value in groups.items():
        request.set_value(f"{_PREFIX}{component}.{name}", value or "")


def _path_of(pattern: str) -> str:
    """Return the part of a pattern that is about the path, more or less."""
    _, scheme, rest = pattern.partition("://")
    if not scheme:
        return pattern
    _, slash, path = rest.partition("/")
    return slash + path


def _target(request: Request, *, merge: bool) -> str:
    """Return the path as handlers see it, clean and decoded, encoded anew; and the query."""
    path = escape_path(clean(request.path, collapse_slashes=merge))
    query = request.query.decode("utf-8", "surrogateescape")
    return f"{path}?{query}" if query else path
