"""`{args[0]}`, `{args[1:]}`: what an `import` line passes to what it imports."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from snake.caddyfile.segments import Line, Token

Warn = Callable[[Token, str], None]
"""Takes the token that is odd, and what is odd about it."""

MOST_CHARACTERS = 16 * 2**20
"""How long arguments may make a word; they can be made of each other."""

_SLICE = re.compile(r"\{args\[([^:}\]]*):([^:{\]]*)\]\}")
_ONE = re.compile(r"[\\]([{}])|\{args(?:\[([^}]+)\]|\.([^}]+))\}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")


def fill(line: Line, args: Sequence[str], warn: Warn) -> Line:
    """Replace the arguments in a line; one that does not exist stays as it is, with a warning."""
    if not any("{" in token.text for token in line):
        return line
    return tuple(filled for token in line for filled in _fill(token, args, warn))


def _fill(token: Token, args: Sequence[str], warn: Warn) -> tuple[Token, ...]:
    if "{" not in token.text:
        return (token,)
    if whole := _SLICE.fullmatch(token.text):
        span = _span(whole[1], whole[2], len(args))
        if span is not None:
            return tuple(replace(token, text=text) for text in args[span])
        warn(token, f"{token} has no such range; there are {len(args)} arguments")
        return (token,)
    if token.text.count("{args") * max(map(len, args), default=0) > MOST_CHARACTERS:
        token.fail(f"arguments make this word longer than {MOST_CHARACTERS} characters")
    text = _ONE.sub(lambda match: _one(match, args, token, warn), token.text)
    return (replace(token, text=text),) if text != token.text else (token,)


def _one(match: re.Match[str], args: Sequence[str], token: Token, warn: Warn) -> str:
    if match[1]:
        return match[1]
    index = match[2] or match[3]
    if match[3] and not _INTEGER.fullmatch(match[3]):
        return match[0]
    if not _INTEGER.fullmatch(index):
        reason = "must be a token on its own" if ":" in index else "has an invalid index"
        warn(token, f"placeholder {match[0]} {reason}")
        return match[0]
    if not 0 <= int(index) < len(args):
        warn(token, f"placeholder {match[0]} is out of bounds; there are {len(args)} arguments")
        return match[0]
    if match[3]:
        warn(token, f"placeholder {match[0]} is deprecated, use {{args[{index}]}}")
    return args[int(index)]


def _span(start: str, end: str, count: int) -> slice | None:
    """Return the range, if both of its ends are numbers and exist."""
    if not all(_INTEGER.fullmatch(bound) for bound in (start, end) if bound):
        return None
    first, last = int(start or 0), int(end or count)
    return slice(first, last) if 0 <= first <= last <= count else None
