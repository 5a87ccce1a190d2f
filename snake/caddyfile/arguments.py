"""`{args[0]}`, `{args[1:]}`: what an `import` line passes to what it imports."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from snake.caddyfile.segments import Token

Warn = Callable[[Token, str], None]
"""Takes the token that is odd, and what is odd about it."""

MOST_CHARACTERS = 16 * 2**20
"""How long arguments may make a word; they can be made of each other."""
_MOST_UNCLOSED = 100
"""With more braces than these that nothing closes, Caddy gives up and leaves no text."""

_ONE = re.compile(r"args\[([^\n]+)\]")
_OLD = re.compile(r"args\.([^\n]+)")
_BRACE = re.compile(r"[{}]")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_LARGEST = 2**63


def whole(token: Token, args: Sequence[str], warn: Warn) -> Sequence[str] | None:
    """Return the arguments that a word stands for, if it is `{args[a:b]}` and nothing else."""
    text = token.text
    if not (text.startswith("{args[") and text.endswith("]}")):
        return None
    span = text[len("{args[") : -len("]}")]
    start, colon, end = span.partition(":")
    if not span:
        warn(token, f"placeholder {text} cannot have an empty index")
    if not colon or "}" in start or "{" in end:
        return None
    first, last = _index(start or "0"), _index(end or str(len(args)))
    if first is None or last is None:
        at = "start" if first is None else "end"
        warn(token, f"variadic placeholder {text} has an invalid {at} index")
    elif not 0 <= first <= last <= len(args):
        only = f"only {len(args)} argument(s) exist"
        warn(token, f"variadic placeholder {text} indices are out of bounds, {only}")
    else:
        return args[first:last]
    return None


def fill(token: Token, args: Sequence[str], warn: Warn) -> str:
    """Return the text of a word with its arguments, and without backslashes before braces.

    An argument that does not exist stays as it is, with a warning.
    """
    text = token.text
    if text.count("{args") * max(map(len, args), default=0) > MOST_CHARACTERS:
        token.fail(f"arguments make this word longer than {MOST_CHARACTERS} characters")
    parts: list[str] = []
    written = position = unclosed = 0
    while (found := _BRACE.search(text, position)) is not None:
        at, position = found.start(), found.end()
        if at > 0 and text[at - 1] == "\\":
            parts.append(text[written : at - 1])
            written = at
        elif found[0] == "{":
            if unclosed > _MOST_UNCLOSED:
                return ""
            end = _closing(text, at)
            value = _value(token, text[at + 1 : end], args, warn) if end >= 0 else None
            unclosed += end < 0
            if value is not None:
                parts += (text[written:at], value)
                written = position = end + 1
    return "".join((*parts, text[written:]))


def _closing(text: str, at: int) -> int:
    """Return where the first brace is that closes and is not escaped, or -1."""
    end = text.find("}", at)
    while 0 < end < len(text) - 1 and text[end - 1] == "\\":
        end = text.find("}", end + 1)
    return end


def _value(token: Token, key: str, args: Sequence[str], warn: Warn) -> str | None:
    """Return the argument that the inside of a placeholder names."""
    old = _OLD.search(key)
    match = old or _ONE.search(key)
    if match is None or match[0] != key:
        return None
    name, index = f"{{{key}}}", _index(match[1])
    if not old and ":" in match[1]:
        warn(token, f"variadic placeholder {name} must be a token on its own")
    elif index is None:
        warn(token, f"placeholder {name} has an invalid index")
    elif index >= len(args):
        warn(
            token, f"placeholder {name} index is out of bounds, only {len(args)} argument(s) exist"
        )
    elif index < 0:
        token.fail(f"placeholder {name} has a negative index")
    else:
        if old:
            warn(token, f"placeholder {name} is deprecated, use {{args[{match[1]}]}} instead")
        return args[index]
    return None


def _index(text: str) -> int | None:
    """Read a whole number as Go does, which has 64 bits for it."""
    if not _INTEGER.fullmatch(text) or len(text.lstrip("+-0")) > len(str(_LARGEST)):
        return None
    number = int(text.lstrip("+-0") or "0") * (-1 if text.startswith("-") else 1)
    return number if -_LARGEST <= number < _LARGEST else None
