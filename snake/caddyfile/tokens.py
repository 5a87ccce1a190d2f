"""Text to tokens: one list for each line of the file that has any."""

from __future__ import annotations

import re
from typing import NoReturn

from lark import Token as LarkToken
from lark import UnexpectedCharacters

from snake.caddyfile.grammar import caddyfile
from snake.caddyfile.heredoc import heredoc_text, refuse_heredoc
from snake.caddyfile.segments import Line, Token

_ESCAPE = re.compile(r"[\\]([\s\S])")


def lex(text: str, file: str) -> list[Line]:
    """Split Caddyfile text into the tokens of its lines.

    A line that ends in a backslash goes on on the next, and so does one whose
    quoted text or heredoc has line breaks. Raises `CaddyfileError`.
    """
    text = text.removeprefix("\ufeff")
    sources = [source.rstrip("\r") for source in text.split("\n")]
    lines: list[Line] = []
    line: list[Token] = []
    try:
        thread = caddyfile().parse_interactive(text).lexer_thread
        for token in thread.lex(None):  # type: ignore[no-untyped-call]
            if token.type != "_NL":
                line.append(_read(token, file, sources))
            elif line:
                lines.append(tuple(line))
                line = []
    except UnexpectedCharacters as error:
        _refuse(error, file, sources)
    if line:
        lines.append(tuple(line))
    return lines


def _read(token: LarkToken, file: str, sources: list[str]) -> Token:
    """Take the quotes and escapes off a token."""
    line, column, text = token.line or 1, token.column or 0, str(token)
    source, quoted = sources[line - 1], True
    match token.type:
        case "QUOTED":
            text = _ESCAPE.sub(lambda pair: '"' if pair[1] == '"' else pair[0], text[1:-1])
        case "RAW":
            text = text[1:-1]
        case "HEREDOC":
            text = heredoc_text(Token(text, file, line, quoted, column, source))
        case _:
            quoted = False
            if "\\" in text or "\r" in text:
                text = _unescape(text)
    return Token(text, file, line, quoted, column, source)


def _unescape(word: str) -> str:
    """Drop carriage returns, and the backslash that keeps `<<` from being a heredoc."""
    word = word.replace("\r", "")
    return _ESCAPE.sub(lambda pair: "<" if pair[1] == "<" else pair[0], word)


def _refuse(error: UnexpectedCharacters, file: str, sources: list[str]) -> NoReturn:
    """Say what never ends: only quotes and heredocs can fail to be a token."""
    source = sources[error.line - 1]
    rest = source[error.column - 1 :]
    if rest.startswith("<<"):
        refuse_heredoc(Token(rest, file, error.line, column=error.column, source=source))
    token = Token(rest[:1], file, error.line, column=error.column, source=source)
    token.fail(
        f"the quote {token} that opens here is not closed",
        f"expected another {token} before the end of the file",
    )
