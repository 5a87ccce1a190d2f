"""A Caddyfile, from its text to the tree: imports, sites, directives, and what is in whose braces.

The structure is told by counting braces word by word, since imports may bring
any part of it: half a site, or the addresses of one. So Caddy does it; what it
takes for a site, a directive or a mistake, this does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from msgspec.structs import replace

from snake.caddyfile.call import names_snippet
from snake.caddyfile.cursor import Cursor
from snake.caddyfile.environment import substitute
from snake.caddyfile.errors import CaddyfileError, CaddyfileWarning
from snake.caddyfile.importer import Importer
from snake.caddyfile.layout import (
    CLOSE,
    MOST_NESTED,
    OPEN,
    Item,
    lay_out,
    lay_out_odd,
    lay_out_route,
)
from snake.caddyfile.parse import parse
from snake.caddyfile.segments import Section, Token
from snake.caddyfile.tokens import lex
from snake.core.record import Record

_BRACES = {"{", "}", "{}"}


class Caddyfile(Record):
    """What is in a Caddyfile and its imports."""

    sections: tuple[Section, ...]
    warnings: tuple[CaddyfileWarning, ...]


def read(text: str, file: str, files: list[str] | None = None) -> Caddyfile:
    """Read Caddyfile text, its environment variables and all of its imports.

    `files` gets what is imported: paths, some of them with wildcards. Raises `CaddyfileError`.
    """
    text = substitute(text)
    if not text:
        raise CaddyfileError("EOF: the Caddyfile is empty", file, 1)
    reader = _Reader(lex(text, file), files)
    sections = parse(reader.read())
    return Caddyfile(sections, tuple(reader.importer.warnings))


class _Reader:
    """Reads one section after another."""

    def __init__(self, tokens: Sequence[Token], files: list[str] | None = None) -> None:
        self.importer = Importer(files)
        self._cursor = Cursor(tokens)
        self._items: list[Item] = []
        self._files: set[str] = set()
        """Where the directives of the section come from."""

    def read(self) -> list[Item]:
        """Return the terminals of the grammar's rules."""
        while self._cursor.next():
            keys, ended = self._keys()
            only = keys[0] if len(keys) == 1 else None
            if ended:
                self._add(keys, [], braces=False)
            elif only and only.text.startswith("&(") and only.text.endswith(")"):
                name = replace(only, text=only.text[2:-1])
                self._add([name], self._route(only), braces=True, is_route=True)
            elif only and names_snippet(only):
                self.importer.define(only, self._block(only)[1:-1])
            else:
                self._site(keys)
        return self._items

    def _add(
        self, keys: Sequence[Token], items: list[Item], *, braces: bool, is_route: bool = False
    ) -> None:
        """Add a section, unless there is nothing in it."""
        if keys or items:
            head = Section(tuple(keys), braces, is_route, tuple(sorted(self._files)))
            self._items += (("HEAD", head), OPEN, *items, CLOSE)
        self._files = set()

    def _keys(self) -> tuple[list[Token], bool]:
        """Read addresses up to a brace, or to the end of their line.

        Returns them, and whether the Caddyfile ends there. Raises `CaddyfileError`.
        """
        cursor = self._cursor
        keys: list[Token] = []
        comma: Token | None = None
        while True:
            token = cursor.current
            if token is not None and token.text == "import" and cursor.begins_line():
                self.importer.expand(cursor, 0)
                cursor.at -= 1
                continue
            if token is not None and token.opens:
                if comma is not None:
                    comma.fail("Expected another address but had '{' - check for extra comma")
                return keys, False
            if token is not None and token.text:
                comma = token if token.text.endswith(",") else None
                keys += _key(token)
            ended = not cursor.next()
            if ended and comma is not None:
                comma.fail("unexpected EOF", "another address is expected after the comma")
            if ended or (comma is None and cursor.begins_line()):
                return keys, ended

    def _site(self, keys: Sequence[Token]) -> None:
        """Read the directives of a site, or the global options."""
        cursor = self._cursor
        opening = cursor.tokens[cursor.at]
        if not opening.opens:
            cursor.at += 1
        items: list[Item] = []
        while cursor.next():
            token = cursor.tokens[cursor.at]
            if token.closes:
                break
            if token.text == "import":
                self.importer.expand(cursor, 1)
            else:
                items += self._directive()
        last = cursor.tokens[cursor.at]
        if opening.opens and not last.closes:
            _refuse_unclosed(opening, last)
        self._add(keys, items, braces=opening.opens)

    def _directive(self) -> list[Item]:
        """Read the lines of a directive, up to the end of its line or of its block."""
        cursor = self._cursor
        last = cursor.tokens[cursor.at]
        line = [last]
        lines = [line]
        opened: list[Token] = []
        odd = False
        self._files.add(last.file)
        while cursor.next():
            before, token = cursor.tokens[cursor.at + 1], cursor.tokens[cursor.at]
            new = before.is_above(token)
            brace = token.text in _BRACES and not token.quote
            if new and not opened and not (brace and token.text != "}"):
                cursor.at += 1
                break
            if brace:
                _count(token, opened, cursor)
            elif new and token.text == "import":
                self.importer.expand(cursor, 1)
                continue
            if new if before is last else last.is_above(token):
                line = [token]
                lines.append(line)
                odd |= brace and token.text != "}"
            else:
                line.append(token)
                odd |= (brace and token.text == "}") or last.opens or last.closes
            if token.file is not last.file:
                self._files.add(token.file)
            last = token
        if opened:
            _refuse_unclosed(opened[-1], last, "unexpected EOF")
        return self._lay_out_odd(lines) if odd else lay_out(lines)

    def _lay_out_odd(self, lines: Sequence[Sequence[Token]]) -> list[Item]:
        unread: list[Token] = []
        items = lay_out_odd([word for line in lines for word in line], unread)
        for word in unread:
            message = f"nothing reads '{word}' behind the closing brace"
            self.importer.warn(word, message, lines[0][0].text)
        return items

    def _route(self, key: Token) -> list[Item]:
        """Read the lines of a named route, and import what they import."""
        block = self._block(key)
        cursor = Cursor(block)
        # Caddy reads the name there.
        words = [replace(block[0], text="")]
        while cursor.next():
            token = cursor.tokens[cursor.at]
            if token.text == "import" and cursor.begins_line():
                words += self.importer.expand(cursor, 1)
            else:
                words.append(token)
        self._files = {word.file for word in words}
        return lay_out_route(words)

    def _block(self, key: Token) -> list[Token]:
        """Read a block, from the brace that the cursor is on to the one that closes it.

        Imports are left as they are. Raises `CaddyfileError`.
        """
        cursor = self._cursor
        opening = cursor.tokens[cursor.at]
        if not opening.opens:
            _refuse_unopened(key, opening)
        tokens = [opening]
        depth = 1
        while depth:
            if not cursor.next():
                _refuse_unclosed(opening, tokens[-1])
            token = cursor.tokens[cursor.at]
            tokens.append(token)
            depth += token.opens - token.closes
        return tokens


def _key(token: Token) -> list[Token]:
    """Return the address that a word is, without its comma; none if that is all it is."""
    text = token.text
    if text.startswith("@"):
        token.fail(
            "request matchers may not be defined globally, they must be in a site block; "
            f"found {text}, at {token.place}"
        )
    if text.endswith("{") and not token.quote:
        token.fail(
            f"Site addresses cannot end with a curly brace: '{text}' - "
            "put a space between the token and the brace"
        )
    text = text.removesuffix(",")
    if "," in text:
        token.fail(
            f"Site addresses cannot contain a comma ',': '{text}' - "
            "put a space after the comma to separate site addresses"
        )
    return [replace(token, text=text)] if text else []


def _count(brace: Token, opened: list[Token], cursor: Cursor) -> None:
    """Count a brace in a directive. Raises `CaddyfileError` for one that stands wrong."""
    if brace.text == "{":
        opened.append(brace)
        if len(opened) > MOST_NESTED:
            brace.fail(f"blocks are nested more than {MOST_NESTED} deep")
        if not cursor.ends_line():
            message = "Unexpected next token after '{' on same line"
            cursor.tokens[cursor.at - 1].fail(message, "'{' ends its line")
        if cursor.begins_line():
            brace.fail(
                "Unexpected '{' on a new line; did you mean to place the '{' on the previous line?"
            )
    elif brace.text == "{}":
        if cursor.ends_line():
            brace.fail("Unexpected '{}' at end of line", "the braces of a block stand on two lines")
    elif opened:
        opened.pop()
    else:
        brace.fail(
            "Unexpected '}' because no matching opening brace", "it must stand on its own line"
        )


def _refuse_unopened(key: Token, token: Token) -> NoReturn:
    if token.text == "import" and names_snippet(key):
        token.fail(
            "global options block must appear before import directives; "
            "move the global options block to the top of the Caddyfile"
        )
    token.fail(f"syntax error: unexpected token '{token}', expecting '{{'", f"{key} has a block")


def _refuse_unclosed(opening: Token, last: Token, what: str = "") -> NoReturn:
    what = what or f"syntax error: unexpected token '{last}', expecting '}}'"
    glued = len(last.text) > 1 and not last.quote and set(last.text) <= set("{}")
    opening.fail(
        f"{what}: the '{{' that opens here is not closed",
        f"the '{last}' of line {last.line} is a word; put each brace on a line of its own"
        if glued
        else "expected a '}' on its own line",
    )
