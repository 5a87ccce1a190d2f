"""Lines of a Caddyfile that are laid out already, found many at a time.

Most lines of most files are words, placeholders, quoted text and comments, with
one space between and a tab for each block around. An expression finds whole
blocks of them, several times faster than reading them bit by bit does.
"""

from __future__ import annotations

import re
from functools import cache

DEEPEST = 10
"""How many tabs a line may begin with; blocks in such a block do not count."""
LARGE = 10_000
"""How many characters a text has for which it pays to compile the expressions."""

_INNER_BLOCKS = 2
"""How deep blocks may stand in a block. Each level makes the expression as much longer."""
_PLAIN = r'[^\s\\`{}#"<]'
_PLACEHOLDER = rf"\{{{_PLAIN}+\}}{_PLAIN}*"
_ESCAPED = rf"\\{_PLAIN}+"
_NAME = rf"(?:{_PLAIN}+|{_PLACEHOLDER})(?:{_PLACEHOLDER})*"
_ARGUMENT = (
    rf"(?:(?:{_PLAIN}+|{_ESCAPED}|{_PLACEHOLDER})(?:{_ESCAPED}|{_PLACEHOLDER})*"
    r'|"[^"\\\n]*")'
)
_ASIDE = re.compile(r'"[^"\n]*"|#[^\n]*')
"""What may have a brace in it, and is neither a placeholder nor the edge of a block."""


@cache
def settled(depth: int) -> re.Pattern[str]:
    """Return what matches the rest of a block, `depth` deep, as far as it is as it should be.

    The match begins with a line end and ends before one. Its last line is no comment.
    Outside of blocks no line in it is an `import`, for those matter to what follows.
    """
    return re.compile(f"(?:{_line(depth, _INNER_BLOCKS)})+")


def has_placeholder(lines: str) -> bool | None:
    """Tell of settled lines whether a placeholder came after the last block that they open.

    `None` when they have neither.
    """
    if "{" not in lines:
        return None
    _, block, after = _ASIDE.sub("", lines).rpartition("{\n")
    return True if "{" in after else False if block else None


def _line(depth: int, inner_blocks: int) -> str:
    """Return the expression for a line, the comments before it, and the block that it may open."""
    tabs = "\t" * depth
    name = _NAME if depth else f"(?!import){_NAME}"
    line = f"{_comments(depth)}\n\n?{tabs}{name}(?: {_ARGUMENT})*"
    if not inner_blocks or depth == DEEPEST:
        return f"{line}(?=\n)"
    inner = _line(depth + 1, inner_blocks - 1)
    block = f" {{(?!\n\n)(?:{inner})*{_comments(depth + 1)}\n{tabs}}}"
    return f"{line}(?:{block})?(?=\n)"


def _comments(depth: int) -> str:
    tabs = "\t" * depth
    return f"(?:\n\n?{tabs}#[^\n]*)*"
