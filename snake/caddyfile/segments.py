"""Tokens and segments: the Caddyfile as an immutable tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn

from msgspec.structs import replace

from snake.caddyfile.errors import CaddyfileError
from snake.core.record import Record


class Import(Record):
    """One run of an `import` line."""

    word: Token
    """The word `import`, as it stands there."""
    name: str
    """What it imports, as it stands there."""
    before: Import | None
    """The import that brought the definition of the snippet, or the file with it."""

    def __str__(self) -> str:
        return f"{self.word.place} (import {self.name})"


class Token(Record):
    """One word, and where it was written."""

    text: str
    file: str
    line: int
    quote: str = ""
    """The quote that it began with; `<` for a heredoc."""
    column: int = 0
    """Where the word begins on its line, from 1; 0 when it is not known."""
    source: str = ""
    """The line as written, for the caret."""
    row: int = 0
    """The number that Caddy gives its line; see `tokens.py`."""
    end: int = 0
    """The row in which it ends."""
    imported: Import | None = None
    """The import that brought it here."""
    snippet: str = ""
    """The snippet in whose definition it stands."""

    def __str__(self) -> str:
        return self.text

    @property
    def quoted(self) -> bool:
        """Whether it stands in quotes, or is a heredoc."""
        return self.quote != ""

    @property
    def raw(self) -> str:
        """The word in its quotes; a heredoc has none."""
        quote = "" if self.quote == "<" else self.quote
        return f"{quote}{self.text}{quote}"

    @property
    def opens(self) -> bool:
        """Whether this is a brace that opens a block; in quotes it is only text."""
        return self.text == "{" and not self.quote

    @property
    def closes(self) -> bool:
        """Whether this is a brace that closes a block."""
        return self.text == "}" and not self.quote

    @property
    def place(self) -> str:
        """Where this stands, as `FILE:LINE`."""
        return f"{self.file}:{self.line}"

    @property
    def imports(self) -> tuple[str, ...]:
        """The imports that brought it here, innermost first, as `FILE:LINE (import NAME)`."""
        chain: list[str] = []
        imported = self.imported
        while imported is not None:
            chain.append(str(imported))
            imported = imported.word.imported
        return tuple(chain)

    def is_above(self, other: Token) -> bool:
        """Whether the next word, `other`, stands on a new line."""
        return (
            self.end < other.row or self.imported is not other.imported or self.file != other.file
        )

    def fail(self, message: str, hint: str = "") -> NoReturn:
        """Reject this token."""
        raise self.error(message, hint)

    def error(self, message: str, hint: str = "") -> CaddyfileError:
        """Return the error that rejects this token."""
        return CaddyfileError(
            message,
            self.file,
            self.line,
            column=self.column,
            width=len(self.raw),
            source=self.source,
            hint=hint,
            imports=self.imports,
        )


class Segment(Record):
    """One line: its words, and the lines in its braces if it has them."""

    words: tuple[Token, ...]
    block: tuple[Segment, ...] | None = None
    behind: tuple[Segment, ...] = ()
    """What stands behind the brace that closes the block, and not on a line of its own."""

    @property
    def name(self) -> str:
        """The first word, or nothing for a bare block of global options."""
        return self.words[0].text if self.words else ""

    @property
    def args(self) -> tuple[Token, ...]:
        """The words after the first."""
        return self.words[1:]

    @property
    def texts(self) -> list[str]:
        """The arguments as plain strings, for `match`."""
        return [arg.text for arg in self.args]

    @property
    def lines(self) -> tuple[Segment, ...]:
        """The lines in the braces; none when there are no braces."""
        return self.block or ()

    @property
    def directives(self) -> tuple[Segment, ...]:
        """The lines in the braces of a line whose lines are directives.

        So are, to Caddy, those of all braces behind; a word before each is skipped.
        """
        for line in self.behind:
            if line.args:
                line.args[0].fail(
                    f"wrong argument count or unexpected line ending after '{line.args[0]}'",
                    f"this stands behind the closing brace of {self.name}",
                )
        return self.lines + tuple(inner for line in self.behind for inner in line.lines)

    @property
    def rest(self) -> Segment:
        """The line without its first word: a guest's name, its arguments and its block.

        Rejects a line that has no second word.
        """
        if not self.args:
            self.fail(f"{self.name} takes the name of a module")
        return Segment(self.args, self.block)

    def without_first_arg(self) -> Segment:
        """Return this line with its first argument taken off."""
        return replace(self, words=(self.words[0], *self.words[2:]))

    def no_block(self) -> None:
        """Reject a block where none belongs."""
        if self.block is not None:
            self.fail(f"{self.name} takes no block")

    def arg(self) -> str:
        """Return the only argument."""
        if len(self.args) != 1:
            self.fail(f"{self.name} takes one argument, got {len(self.args)}")
        return self.args[0].text

    def flag(self) -> bool:
        """Accept no argument."""
        if self.args:
            self.args[0].fail(f"{self.name} takes no argument, got {self.args[0]}")
        return True

    def all_words(self) -> Iterator[Token]:
        """Yield the words of this line and of the lines in its braces."""
        yield from self.words
        for line in self.lines:
            yield from line.all_words()

    def fail(self, message: str, hint: str = "") -> NoReturn:
        """Reject this line, with the caret under the argument that the message quotes.

        If it quotes none, the caret is under the first word.
        """
        token = quoted_word(self.args, message) or next(self.all_words(), None)
        if token is None:
            raise CaddyfileError(message, "Caddyfile", 1, hint=hint)
        token.fail(message, hint)


class Section(Record):
    """What stands at the top level: a site, a named route, or the global options."""

    keys: tuple[Token, ...]
    """Addresses, or the name of a named route; none for global options."""
    braces: bool
    """Whether its block opens on the line of the keys."""
    is_route: bool
    files: tuple[str, ...]
    """The files that its lines were written in, sorted."""
    lines: tuple[Segment, ...] = ()


def quoted_word(words: Iterable[Token], message: str) -> Token | None:
    """Return the first of the words that a message has in quotes."""
    return next((word for word in words if f'"{word}"' in message or f"'{word}'" in message), None)
