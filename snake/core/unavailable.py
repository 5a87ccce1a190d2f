"""Unavailable: names of Caddy's that this version of snake does not have.

They are no typing mistakes, and nobody is helped by the name nearest to them.
"""

from __future__ import annotations


UNAVAILABLE: dict[str, frozenset[str]] = {
    "directive": frozenset(),
    "global option": frozenset(),
    "matcher": frozenset(),
    "module": frozenset(),
}
"""By kind of name, all that Caddy 2.11 ships and this table's readers can come across."""


def unavailable(kind: str, name: str) -> str:
    """Return what to say of a name; nothing for one that Caddy does not know either."""
    if name in UNAVAILABLE[kind]:
        return f"{name}: this {kind} of Caddy's is not in this version of snake"
    return ""
