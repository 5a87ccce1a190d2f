"""Imports while a Caddyfile is read: snippets, files, and what has been imported so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snake.caddyfile import imports
from snake.caddyfile.call import Call, in_snippet, moved
from snake.caddyfile.cursor import Cursor
from snake.caddyfile.errors import CaddyfileWarning
from snake.caddyfile.graph import Graph, node
from snake.caddyfile.segments import Import, Token

MOST_SIZE = 64 * 2**20
"""How many characters a Caddyfile and its imports may have: snippets that import twice double."""
_LEAST_SIZE = 64
"""What a word counts for, beside its length."""


class Importer:
    """Puts what is imported in the place of the lines that import it."""

    def __init__(self, files: list[str] | None = None) -> None:
        """`files` gets the path of each import, wildcards and all."""
        self._files = [] if files is None else files
        self.warnings: list[CaddyfileWarning] = []
        self._snippets: dict[str, list[Token]] = {}
        self._graph = Graph()
        self._imports: dict[tuple[int, str, int, str], Import] = {}
        self._size = 0

    def define(self, key: Token, tokens: Sequence[Token]) -> None:
        """Put a snippet aside. Raises `CaddyfileError`."""
        name = key.text[1:-1]
        if name in self._snippets:
            key.fail(f"redeclaration of previously declared snippet {name}")
        self._snippets[name] = [in_snippet(token, name) for token in tokens]

    def expand(self, cursor: Cursor, nesting: int) -> list[Token]:
        """Import what the line names on whose first word the cursor is.

        The cursor ends up in front of the first imported token. Returns the words
        of the line that Caddy leaves there. Raises `CaddyfileError`.
        """
        start = cursor.at
        call = Call(cursor)
        tokens = self._source(call)
        imported = call.fill(self._moved(tokens, call), nesting, self.warn)
        self._size += sum(len(token.text) + _LEAST_SIZE for token in imported)
        if self._size > MOST_SIZE:
            call.word.fail("imports add up to too much text", "imports in imports multiply")
        left = cursor.tokens[start - call.kept + 1 : start + 2]
        cursor.tokens[cursor.at :] = [*reversed(imported), *left]
        cursor.at = len(cursor.tokens) - len(left)
        return left[: call.kept][::-1]

    def _moved(self, tokens: Sequence[Token], call: Call) -> Iterator[Token]:
        """Tell tokens which import brought them.

        It is the same object for all that Caddy does not tell apart: it knows the line
        that imports, but not what brought that line.
        """
        file, row = call.last.file, call.last.row
        for token in tokens:
            key = (id(token.imported), file, row, token.snippet)
            imported = self._imports.get(key)
            if imported is None:
                imported = Import(call.word, call.pattern.text, token.imported)
                self._imports[key] = imported
            yield moved(token, imported)

    def _source(self, call: Call) -> list[Token]:
        """Return what a line imports: a snippet of that name, or files."""
        name = call.pattern.text
        if name in self._snippets:
            tokens = self._snippets[name]
            nodes = [node(token) for token in tokens[:1]]
        else:
            path = imports.path_of(call.pattern, call.last)
            self._files.append(path)
            nodes = imports.find(path, call.pattern, self._snippets, self.warn)
            files = [imports.read(path, call.pattern, self.warn) for path in nodes]
            tokens = [token for file in files for token in file]
        self._graph.add(call.last, call.pattern, nodes)
        return tokens

    def warn(self, token: Token, message: str, directive: str = "import") -> None:
        """Take down something odd."""
        self.warnings.append(CaddyfileWarning(token.file, token.line, directive, message))
