"""Lines of tokens to segments: what is in whose braces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, cast

from lark import Token as LarkToken
from lark import UnexpectedToken

from snake.caddyfile.grammar import caddyfile
from snake.caddyfile.segments import Line, Segment, Token


class _EndOfLine:
    type = "_NL"


def parse(lines: Sequence[Line]) -> tuple[Segment, ...]:
    """Read lines of tokens as a tree.

    Global options come first, as a segment without words. Raises `CaddyfileError`.
    """
    parser = caddyfile().parse_interactive()
    end = cast("LarkToken", _EndOfLine())
    read = 0
    try:
        for line in lines:
            for token in line:
                parser.feed_token(cast("LarkToken", token))
            parser.feed_token(end)
            read += 1
        return cast("tuple[Segment, ...]", parser.feed_eof())  # type: ignore[no-untyped-call]
    except UnexpectedToken as error:
        if read == len(lines):
            _refuse_end(lines)
        position = next(n for n, token in enumerate(lines[read]) if token is error.token)
        _refuse(lines, read, position)


def _refuse_end(lines: Sequence[Line]) -> NoReturn:
    opened = _open_braces(lines)
    opened[-1].fail("the '{' that opens here is not closed", "expected a '}' on its own line")


def _refuse(lines: Sequence[Line], number: int, position: int) -> NoReturn:
    """Explain the token that no rule expects. Raises `CaddyfileError`."""
    line = lines[number]
    token, first = line[position], position == 0
    nested = _open_braces([*lines[:number], line[:position]])
    match token.type:
        case "_CLOSE" if not nested:
            token.fail("unexpected '}' because no matching opening brace", _glued(lines[:number]))
        case "_OPEN" if first and not nested:
            token.fail(
                "server block without any key is global configuration, "
                "and if used, it must be first"
            )
        case "_OPEN" if first:
            token.fail(
                "unexpected '{' on a new line; did you mean to place the '{' on the previous line?"
            )
        case "_CLOSE" if line[position - 1].type != "_OPEN":
            token.fail("unexpected '}' at the end of a line; it must stand on its own line")
    if line[position - 1].type == "_OPEN":
        token.fail("unexpected next token after '{' on same line", "'{' ends its line")
    token.fail(f"unexpected '{token}' after '}}' on same line", "'}' must stand on its own line")


def _open_braces(lines: Sequence[Line]) -> list[Token]:
    """Return the opening braces that nothing in `lines` closes, innermost last."""
    opened: list[Token] = []
    for line in lines:
        for token in line:
            if token.type == "_OPEN":
                opened.append(token)
            elif token.type == "_CLOSE" and opened:
                opened.pop()
    return opened


def _glued(lines: Sequence[Line]) -> str:
    """Find a brace that is glued to the word before it, which makes it part of that word."""
    for line in reversed(lines):
        word = line[-1]
        if not word.quoted and word.text.endswith("{") and len(word.text) > 1:
            return f"put a space between the token and the brace of '{word}' ({word.place})"
    return ""
