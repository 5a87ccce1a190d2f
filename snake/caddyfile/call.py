"""One `import` line: its arguments and its block, put into what it imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from snake.caddyfile.arguments import Warn, fill, whole
from snake.caddyfile.cursor import Cursor
from snake.caddyfile.segments import Import, Token


class Call:
    """What stands on an import line, and in the braces that it may open."""

    __slots__ = ("args", "block", "entries", "last", "pattern", "word", "words")

    def __init__(self, cursor: Cursor) -> None:
        """Read the line on whose first word the cursor is. Raises `CaddyfileError`."""
        start = cursor.at
        self.word = cursor.tokens[start]
        if not cursor.next_arg():
            self.word.fail(
                "wrong argument count or unexpected line ending after 'import'",
                "import takes a snippet, a file or a glob pattern, and then arguments",
            )
        self.pattern = cursor.tokens[cursor.at]
        if not self.pattern.text:
            self.pattern.fail("Import requires a non-empty filepath")
        self.args = [token.text for token in cursor.args()]
        self.block = list(cursor.block())
        self.last = cursor.tokens[cursor.at]
        """The last word, which tells the file that the pattern is relative to."""
        self.words = start - cursor.at + 1
        """How many words the line and its block have."""
        self.entries = dict(_entries(self.block))

    @property
    def kept(self) -> int:
        """How many of its words stay in front of what it imports, since Caddy miscounts braces."""
        return max(0, self.words - 2 - len(self.args) - len(self.block))

    def fill(self, tokens: Iterable[Token], nesting: int, warn: Warn) -> list[Token]:
        """Put arguments and block into imported tokens, which `nesting` braces stand around.

        The definition of a snippet stays as it is: its own import fills it.
        """
        filled: list[Token] = []
        definitions = _Definitions(nesting)
        for token in tokens:
            literal = definitions.has(token, filled)
            passed = self._passed(token.text)
            if literal or (passed is None and "{" not in token.text and "}" not in token.text):
                filled.append(token)
            elif passed is not None:
                filled += passed
            else:
                filled += self._filled(token, warn)
        return filled

    def _passed(self, text: str) -> Sequence[Token] | None:
        if text == "{block}":
            return self.block
        if text.startswith("{blocks.") and text.endswith("}"):
            return self.entries.get(text[len("{blocks.") : -1], ())
        return None

    def _filled(self, token: Token, warn: Warn) -> list[Token]:
        texts = whole(token, self.args, warn)
        if texts is None:
            texts = [fill(token, self.args, warn)]
        return [with_text(token, text) for text in texts]


class _Definitions:
    """Finds definitions of snippets among tokens that are imported at the top level.

    As Caddy does it: once a line began with a name in parentheses, the next
    brace that is second on its line opens a definition.
    """

    def __init__(self, nesting: int) -> None:
        self._nesting = nesting
        self._index = 0
        self._named = False
        self._inside = False

    def has(self, token: Token, before: Sequence[Token]) -> bool:
        """Whether a token stands in a definition, its opening brace included."""
        if not self._inside and self._nesting == 0:
            self._index = self._index + 1 if before and not before[-1].is_above(token) else 0
            self._named |= self._index == 0 and len(token.text) > 2 and names_snippet(token)  # noqa: PLR2004
        if token.opens:
            self._nesting += 1
            if self._index == 1 and self._named and self._nesting == 1:
                self._inside, self._named = True, False
        elif token.closes:
            self._nesting -= 1
            self._inside &= self._nesting != 0
        return self._inside


def with_text(token: Token, text: str) -> Token:
    """Return a token with another text in its place."""
    end = token.end + text.count("\n") - token.text.count("\n")
    return _copied(token, text, end, token.imported, token.snippet)


def moved(token: Token, imported: Import) -> Token:
    """Return a token as it is when it is imported."""
    return _copied(token, token.text, token.end, imported, token.snippet)


def in_snippet(token: Token, snippet: str) -> Token:
    """Return a token as a part of the definition of a snippet."""
    return _copied(token, token.text, token.end, token.imported, snippet)


def names_snippet(token: Token) -> bool:
    """Whether this is `(name)`."""
    return token.text.startswith("(") and token.text.endswith(")")


def _copied(token: Token, text: str, end: int, imported: Import | None, snippet: str) -> Token:
    """Copy a token: half of what adapting many imports takes, so without `replace`."""
    return Token(
        *(text, token.file, token.line, token.quote, token.column, token.source),
        *(token.row, end, imported, snippet),
    )


def _entries(block: Sequence[Token]) -> Iterator[tuple[str, list[Token]]]:
    """Split a block into its entries: the key, then its arguments and the lines in its braces."""
    cursor = Cursor(block)
    while cursor.next():
        key = cursor.tokens[cursor.at]
        if key.opens:
            key.fail("anonymous blocks are not supported")
        yield key.text, [*cursor.args(), *cursor.block()]
