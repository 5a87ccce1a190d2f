"""Colours for Caddyfiles, by where a word stands: so the directives of plugins have them, too."""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Punctuation,
    String,
    Text,
    Whitespace,
)

from snake.standard import DIRECTIVES, OPTIONS

__all__ = ["CaddyfileLexer"]  # Pygments looks here

_WORDS = "|".join(
    sorted({*DIRECTIVES, *OPTIONS, "transport", "dns", "cache"}, key=len, reverse=True)
)


class CaddyfileLexer(RegexLexer):
    """A line begins with a keyword; one at the margin with an address, or a directive's name."""

    name = "Caddyfile of snake"  # no other may be remembered in its place
    aliases: ClassVar[list[str]] = ["caddyfile"]
    url = "https://caddyserver.com/docs/caddyfile"
    tokens: ClassVar = {
        "root": [
            (r"^([ \t]*)(#.*)$", bygroups(Whitespace, Comment.Single)),
            (r"^([ \t]*)(import)\b", bygroups(Whitespace, Keyword.Namespace)),
            (r"^([ \t]*)(@[^\s{}]+)", bygroups(Whitespace, Name.Decorator)),
            (r"^(\([^)\s]+\))", Name.Function),
            (rf"^({_WORDS})(?=[\s]|$)", Keyword),
            (r"^([ \t]+)([a-z_][\w-]*)(?=[\s]|$)", bygroups(Whitespace, Keyword)),
            (r"^[^\s{}#\"`<\[@(][^{\n]*", Name.Namespace),
            (r"(?<=\s)#.*$", Comment.Single),
            (r"\{[$%]?[\w.:$*/<>|\[\]\-]+\}", Name.Variable),
            (r"(<<)(\w+)(\n(?:.*\n)*?[ \t]*)(\2)", String.Heredoc),
            (r'"(?:\\.|[^"\\])*"', String.Double),
            (r"`[^`]*`", String.Backtick),
            (r"(?<=\s)@[^\s{}]+", Name.Decorator),
            (r"(?<=\s)(https?://[^\s{}]+)", Name.Namespace),
            (r"(?<=\s)\d+(?:\.\d+)?(?:ns|us|ms|s|m|h|d|[KMGT]i?B)?(?=\s|$)", Number),
            (r"[{}]", Punctuation),
            (r"[<>\[\]|.]", Punctuation),
            (r"\n|[ \t]+", Whitespace),
            (r"[^\s{}<>\[\]|.\"`]+", Text),
            (r".", Text),
        ]
    }
