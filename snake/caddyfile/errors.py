"""CaddyfileError: what is wrong, where, and what was expected."""

from __future__ import annotations

from collections.abc import Sequence

from snake.core.errors import SnakeError


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
            lines.append(f"    {self.source}")
            if self.column:
                lines.append(f"    {' ' * (self.column - 1)}{'^' * max(1, self.width)}")
        if self.hint:
            lines.append(self.hint)
        lines.extend(f"imported from {place}" for place in self.imports)
        return "\n".join(lines)
