"""What is wrong in a Caddyfile, where, and what was expected; and what is only odd."""

from __future__ import annotations

from collections.abc import Sequence

from snake.core.errors import SnakeError
from snake.core.record import Record

_SHOWN = 160
"""How much of a long line is shown, around the word that is wrong."""


class CaddyfileWarning(Record):
    """Something that is allowed, and is probably not what was meant."""

    file: str
    line: int
    directive: str
    """The directive it is about; empty when it is about none."""
    message: str

    @property
    def text(self) -> str:
        """What to say beside the place."""
        return f"{self.directive}: {self.message}" if self.directive else self.message

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class CaddyfileError(SnakeError):
    """A mistake in a Caddyfile.

    Printed as `FILE:LINE: message`, the source line, a caret under the word
    when it is known, the expected form, and the chain of imports that led there.
    """

    def __init__(  # noqa: PLR0913
        self,
        message: str,
        file: str,
        line: int,
        *,
        column: int = 0,
        width: int = 1,
        source: str = "",
        hint: str = "",
        imports: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.width = width
        self.source = source
        self.hint = hint
        self.imports = tuple(imports)

    def __str__(self) -> str:
        lines = [f"{self.file}:{self.line}: {self.message}"]
        if self.source:
            start = max(0, self.column - _SHOWN // 2)
            shown = self.source[start : start + _SHOWN]
            lines.append(f"    {shown}")
            if self.column:
                at = self.column - 1 - start
                before = "".join(c if c == "\t" else " " * _columns(c) for c in shown[:at])
                width = sum(map(_columns, shown[at : at + self.width]))
                lines.append(f"    {before}{'^' * max(1, width)}")
        if self.hint:
            lines.append(self.hint)
        lines.extend(f"imported from {place}" for place in self.imports)
        return "\n".join(lines)


def _columns(char: str) -> int:
    """Return how many columns of a terminal a character takes."""
    import unicodedata  # noqa: PLC0415  (only an error needs it)

    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
