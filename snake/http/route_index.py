"""Index: which routes of a long list a request can match, found by its host or its path.

A list of routes is asked one after the other, so the last of 10,000 would be found after 9,999
others. But most of them are for a few hosts or paths, and a request has one of each: tables
find the routes that name them, and only those are asked, and the few that name neither.

A route is in a table when each of its matcher sets has a `host` or a `path` whose patterns are
plain: names, names with stars for their first labels, paths, prefixes of paths. What is there
is a condition that the route needs; a route that has no other is not asked any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from snake.config.http import Route
from snake.http.request import Request

FEW = 8
"""So many routes may have a host in common for it to be what they are found by."""

_PURE = frozenset({"client_ip", "header", "host", "method", "path", "protocol", "query"})
"""Matchers that leave nothing behind and refuse nothing, so that it is no harm not to ask them."""

Hits = Callable[[Request], Sequence[int]]
"""The routes in a table that a request may match, by their numbers, in order."""


class Index:
    """The routes of one list, by what they are found by."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._hosts: dict[str, list[int]] = {}
        self._paths: dict[str, list[int]] = {}
        self._prefixes: dict[str, list[int]] = {}
        self.others: list[int] = []
        """The routes that are always asked."""
        self.sure: set[int] = set()
        """The routes of which no more needs to be asked when they are found."""
        keys = [(_every(route, "host"), _every(route, "path")) for route in routes]
        shared = Counter(host for hosts, _ in keys for host in hosts or ())
        for number, (hosts, paths) in enumerate(keys):
            if hosts and (not paths or all(shared[host] <= FEW for host in hosts)):
                self._add(number, hosts, self._hosts)
            elif paths:
                self._add(number, [path for path in paths if path[-1] != "*"], self._paths)
                self._add(number, [path[:-1] for path in paths if path[-1] == "*"], self._prefixes)
            else:
                self.others.append(number)
                continue
            if all(len(each) == 1 for each in routes[number].match):
                self.sure.add(number)

    def _add(self, number: int, keys: Sequence[str], table: dict[str, list[int]]) -> None:
        for key in dict.fromkeys(keys):
            table.setdefault(key, []).append(number)

    def hits(self) -> Hits:
        """Return what looks routes up, in those of the tables that have any."""
        ways = []
        if self._hosts:
            ways.append(_by_host(self._hosts))
        if self._paths:
            ways.append(_by_path(self._paths))
        if self._prefixes:
            ways.append(_by_prefix(self._prefixes))
        if not ways:
            return lambda _: ()
        if len(ways) == 1:
            return ways[0]
        return lambda request: _merged([found for way in ways if (found := way(request))])


def _by_host(table: dict[str, list[int]]) -> Hits:
    get = table.get
    if not any("*" in host for host in table):
        return lambda request: get(request.host, ())

    def by_host(request: Request) -> Sequence[int]:
        labels = request.host.split(".")
        found = [get(request.host, ())]
        for number in range(1, len(labels) + 1):
            labels[number - 1] = "*"
            found.append(get(".".join(labels), ()))
        return _merged([numbers for numbers in found if numbers])

    return by_host


def _by_path(table: dict[str, list[int]]) -> Hits:
    get = table.get
    return lambda request: get(request.clean_path.lower(), ())


def _by_prefix(table: dict[str, list[int]]) -> Hits:
    get = table.get
    lengths = sorted({len(prefix) for prefix in table})

    def by_prefix(request: Request) -> Sequence[int]:
        path = request.clean_path.lower()
        size = len(path)
        return _merged(
            [numbers for length in lengths if length <= size and (numbers := get(path[:length]))]
        )

    return by_prefix


def _merged(found: Sequence[Sequence[int]]) -> Sequence[int]:
    """Return the numbers of several rows in order."""
    if len(found) == 1:
        return found[0]
    return sorted(number for numbers in found for number in numbers)


def _every(route: Route, kind: str) -> Sequence[str]:
    """Return the patterns of one matcher in every set, if they are all that a table can have."""
    patterns: list[str] = []
    for matchers in route.match:
        if kind not in matchers or not _PURE.issuperset(_before(matchers, kind)):
            return ()
        try:
            own = msgspec.json.decode(matchers[kind], type=tuple[str, ...])
        except msgspec.DecodeError:
            return ()
        plain = [_PLAIN[kind](pattern) for pattern in own]
        if not all(plain):
            return ()
        patterns += plain
    return patterns


def _before(matchers: dict[str, msgspec.Raw], kind: str) -> list[str]:
    """Return the matchers that are asked before one of a set."""
    names = list(matchers)
    return names[: names.index(kind)]


def _host(pattern: str) -> str:
    """Return a name as it is looked up; nothing for one that cannot be."""
    labels = pattern.lower().split(".")
    while labels and labels[0] == "*":
        del labels[0]
    rest = ".".join(labels)
    return pattern.lower() if pattern.isascii() and not set("*{}\\") & set(rest) else ""


def _path(pattern: str) -> str:
    """Return a path, or a prefix with its star, as it is looked up; nothing for any other."""
    lower = pattern.lower()
    plain = lower.removesuffix("*")
    odd = "//" in plain or any(char in _ODD for char in plain)
    return "" if odd or not plain else lower


_ODD = frozenset("*?[\\{}%")
_PLAIN: dict[str, Callable[[str], str]] = {"host": _host, "path": _path}
