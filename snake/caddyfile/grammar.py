"""The grammar of the Caddyfile, compiled once, and what each of its rules makes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

from lark import Lark, Transformer
from lark import Token as LarkToken

from snake.caddyfile.segments import Segment, Token

_INSTALLED = Path(__file__).parents[1] / "grammar"
_CHECKOUT = Path(__file__).parents[2] / "grammar"


@cache
def caddyfile() -> Lark:
    """Compile `grammar/caddyfile.lark`, from the wheel or from the checkout.

    That takes 30 ms, so nothing is kept on disk, where others could change it.
    """
    folder = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
    text = (folder / "caddyfile.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="basic", transformer=_Build())


class _Build(Transformer[LarkToken, tuple[Segment, ...]]):
    """Makes segments of what the rules of the grammar match."""

    def start(self, segments: list[Segment]) -> tuple[Segment, ...]:
        """Return the global options, if any, and what follows them."""
        return tuple(segments)

    def options(self, lines: list[Segment]) -> Segment:
        """Return the block that has no words."""
        return Segment((), tuple(lines))

    def site(self, children: list[Token | Segment]) -> Segment:
        """Return addresses and their block."""
        words = tuple(child for child in children if isinstance(child, Token))
        return Segment(words, tuple(child for child in children if isinstance(child, Segment)))

    def bare_line(self, words: list[Token]) -> Segment:
        """Return a line outside of all braces."""
        return Segment(tuple(words))

    def line(self, children: list[Token | tuple[Segment, ...]]) -> Segment:
        """Return a line inside of braces, with the block it opens."""
        last = children[-1]
        if isinstance(last, tuple):
            return Segment(cast("tuple[Token, ...]", tuple(children[:-1])), last)
        if last.text == "{}" and not last.quoted:
            last.fail("unexpected '{}' at end of line", "an empty block is left out")
        return Segment(cast("tuple[Token, ...]", tuple(children)))

    def braces(self, lines: list[Segment]) -> tuple[Segment, ...]:
        """Return the lines of a block."""
        return tuple(lines)
