"""The keys and values of a query, as Go's package net/url reads and writes them."""

from __future__ import annotations

from snake.http.uri import escape_query, to_bytes, unescape

Values = dict[str, list[str]]
"""A parsed query: the values of each key, in order."""


def parse_query(query: str) -> Values:
    """Parse a query; a pair that is wrongly encoded or has a `;` is left out, as Go does."""
    values: Values = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        decoded = unescape(key, plus=True), unescape(value, plus=True)
        if pair and ";" not in pair and decoded[0] is not None and decoded[1] is not None:
            values.setdefault(decoded[0], []).append(decoded[1])
    return values


def encode_query(values: Values) -> str:
    """Write a query, its keys in order, as Go's `Values.Encode`."""
    return "&".join(
        f"{escape_query(key)}={escape_query(value)}"
        for key in sorted(values, key=to_bytes)
        for value in values[key]
    )
