"""A table of `snake top`: names are cut where there is no room, and numbers never."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snake.core.text import visible

GAP = 2
"""Columns of the terminal between two cells."""
_SHORTEST = 16
"""Columns that a name has, or all that it needs, before others have room."""
_NARROWEST = 8
"""Columns that a name has in any case."""

Cell = str | tuple[str, str]
"""A text, or one with its style."""
Rows = list[tuple[Cell, ...]]


class Part:
    """A table: heads, of which those to the right begin with `>`, and rows."""

    def __init__(
        self, heads: Sequence[str], rows: Rows, spare: Sequence[str] = (), longest: int = 0
    ) -> None:
        """Make a table whose `longest` column is cut where there is no room for all of it.

        Before that it does without the columns `spare`, the first of them first.
        """
        self.rows = rows
        self._heads = heads
        self._spare = spare
        self._longest = longest

    def drawn(self, most: int, width: int) -> list[RenderableType]:
        """Return it with at most so many rows; what is left out is counted in the last."""
        shown = self.rows if len(self.rows) <= most else self.rows[: max(most - 1, 0)]
        cells = [[as_text(cell) for cell in row] for row in shown]
        widths = [
            max([len(head.lstrip(">")), *(row[index].cell_len for row in cells)])
            for index, head in enumerate(self._heads)
        ]
        columns = self._columns(widths, width)
        table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False)
        for index in columns:
            others = sum(widths[each] + GAP for each in columns if each != index)
            is_cut = index == self._longest
            table.add_column(
                self._heads[index].lstrip(">"),
                justify="right" if self._heads[index].startswith(">") else "left",
                no_wrap=True,
                overflow="ellipsis",
                header_style="dim bold" if index else "bold",
                min_width=None if is_cut else widths[index],
                max_width=max(width - others, _NARROWEST) if is_cut else None,
            )
        for row in cells:
            table.add_row(*(row[index] for index in columns))
        left = len(self.rows) - len(shown)
        more: list[RenderableType] = [as_text((f"and {left} more", "dim"))] if left else []
        return [Text(""), table, *more]

    def _columns(self, widths: Sequence[int], width: int) -> list[int]:
        """Return the columns that there is room for."""
        columns = list(range(len(widths)))
        needed = sum(each + GAP for each in widths) - GAP
        needed += min(widths[self._longest], _SHORTEST) - widths[self._longest]
        for head in self._spare:
            if needed <= width:
                break
            index = self._heads.index(head)
            columns.remove(index)
            needed -= widths[index] + GAP
        return columns


def as_text(cell: Cell) -> Text:
    """Return a cell as one line, whatever is in it."""
    text, style = cell if isinstance(cell, tuple) else (cell, "")
    return Text(visible(text).replace("\n", " "), style, no_wrap=True, overflow="ellipsis")
