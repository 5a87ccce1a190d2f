"""Words to lines and braces: the tokens of the grammar's rules.

Of the words of a line, the ones up to a brace that opens a block are the line's.
A brace that closes a block is one only if its line ends there. In front of other
words it is skipped, behind them it is one of them, or closes what is around the line:
Caddy finds the end of an inner block before it reads what is in there.
"""

from __future__ import annotations

from collections.abc import Sequence

from snake.caddyfile.cursor import Cursor
from snake.caddyfile.segments import Token

Item = tuple[str, object]
"""A terminal of the grammar, and what it stands for."""
Line = Sequence[Token]
"""The words that stand on one line. Never empty."""

OPEN: Item = ("_OPEN", None)
CLOSE: Item = ("_CLOSE", None)
MOST_NESTED = 64
"""How deep blocks may stand in each other."""


def lay_out(lines: Sequence[Line]) -> list[Item]:
    """Return the lines and braces of a directive, whose closing braces stand alone."""
    items: list[Item] = []
    for line in lines:
        if line[-1].text == "{" and len(line) > 1 and not line[-1].quote:
            items += (("WORDS", tuple(line[:-1])), OPEN)
        elif line[0].text == "}" and not line[0].quote:
            items.append(CLOSE)
        else:
            items.append(("WORDS", tuple(line)))
    return items


def lay_out_odd(tokens: Sequence[Token], unread: list[Token]) -> list[Item]:
    """Return the lines and braces of any directive, as Caddy reads them word by word.

    Of what stands behind the last brace, which few directives read, the first word
    is added to `unread`. Raises `CaddyfileError`.
    """
    items: list[Item] = []
    cursor = _add_line(tokens, items, 0)
    if cursor.at > 0:
        unread.append(cursor.tokens[cursor.at - 1])
    while cursor.next():
        _add_words(cursor, items, "BEHIND", 0)
    return items


def lay_out_route(tokens: Sequence[Token]) -> list[Item]:
    """Return the lines in the braces of a named route, of which `tokens` are all words.

    Its imports can bring more braces behind its own, with a word before each.
    Raises `CaddyfileError`.
    """
    items: list[Item] = []
    cursor = Cursor(tokens)
    while cursor.next():
        for argument in cursor.args():
            argument.fail(
                f"wrong argument count or unexpected line ending after '{argument}'",
                "a named route has a name and its braces",
            )
        _add_block(cursor, items, 0)
    return items


def _add_line(tokens: Sequence[Token], items: list[Item], depth: int) -> Cursor:
    cursor = Cursor(tokens)
    cursor.next()
    if depth > MOST_NESTED:
        tokens[0].fail(f"blocks are nested more than {MOST_NESTED} deep")
    _add_words(cursor, items, "WORDS", depth)
    return cursor


def _add_words(cursor: Cursor, items: list[Item], terminal: str, depth: int) -> None:
    items.append((terminal, (cursor.tokens[cursor.at], *cursor.args())))
    if not cursor.ends_line():
        items.append(OPEN)
        _add_block(cursor, items, depth + 1)
        items.append(CLOSE)


def _add_block(cursor: Cursor, items: list[Item], depth: int) -> None:
    outside = cursor.nesting
    while cursor.next_in_block(outside):
        _add_line(cursor.segment(), items, depth)
