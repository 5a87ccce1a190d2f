"""What imports what: files and snippets, in one graph for a whole Caddyfile."""

from __future__ import annotations

from snake.caddyfile.segments import Token


class Graph:
    """The imports so far, of everything that was read."""

    def __init__(self) -> None:
        self._edges: dict[str, list[str]] = {}

    def add(self, place: Token, pattern: Token, imported: list[str]) -> None:
        """Note what is imported at a place. Raises `CaddyfileError` for a cycle."""
        source = node(place)
        for target in imported:
            if source == target or source in self._reachable(target):
                pattern.fail(f"a cycle of imports exists between {source} and {target}")
            known = self._edges.setdefault(source, [])
            if target not in known:
                known.append(target)

    def _reachable(self, start: str) -> set[str]:
        found: set[str] = set()
        left = list(self._edges.get(start, ()))
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += self._edges.get(name, ())
        return found


def node(token: Token) -> str:
    """Name the file, or the snippet in it, that a token stands in."""
    return f"{token.file}:{token.snippet}" if token.snippet else token.file
