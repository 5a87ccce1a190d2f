"""A table of texts, its columns as wide as they have to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def table(*rows: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a table; the last column is as long as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        yield "  ".join([*cells, row[-1]]).rstrip()
