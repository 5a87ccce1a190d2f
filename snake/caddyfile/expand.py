"""Lines to lines: every `import` replaced by what it names, and snippets put aside.

Imports are a matter of lines, not of the tree: a snippet may hold half a site,
or the addresses of one. So they are expanded before the braces are read, by
one walk over the lines that only counts braces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from snake.caddyfile import imports
from snake.caddyfile.call import Call, defines_snippet, names_snippet, nesting
from snake.caddyfile.environment import substitute
from snake.caddyfile.errors import CaddyfileWarning
from snake.caddyfile.segments import Line, Token
from snake.caddyfile.tokens import lex
from snake.core.record import Record

MOST_SIZE = 64 * 2**20
"""How many characters a Caddyfile and its imports may have: snippets that import twice double."""
_LEAST_SIZE = 64
"""What a word counts for, beside its length."""
MOST_NESTED = 64
"""How deep blocks may stand in each other."""


class Expanded(Record):
    """A Caddyfile with nothing left to import."""

    lines: tuple[Line, ...]
    warnings: tuple[CaddyfileWarning, ...]


def expand(text: str, file: str) -> Expanded:
    """Read Caddyfile text, its environment variables and all of its imports.

    Raises `CaddyfileError`.
    """
    walk = _Walk()
    trail = (str(Path(file).absolute()),)
    walk.put(_Waiting(line, trail) for line in lex(substitute(text), file))
    walk.run()
    return Expanded(tuple(walk.done), tuple(walk.warnings))


class _Waiting(Record):
    """A line that was not looked at yet, and the imports that it comes from."""

    line: Line
    trail: tuple[str, ...]


class _Walk:
    def __init__(self) -> None:
        self.done: list[Line] = []
        self.warnings: list[CaddyfileWarning] = []
        self._waiting: list[Iterator[_Waiting]] = []
        self._snippets: dict[str, tuple[str, list[Line]]] = {}
        self._size = 0
        self._depth = 0
        self._braceless = False

    def put(self, lines: Iterable[_Waiting]) -> None:
        """Put lines in front of those that wait. They are asked for one by one."""
        self._waiting.append(iter(lines))

    def run(self) -> None:
        """Walk until no line waits."""
        while waiting := self._next():
            line = waiting.line
            self._size += sum(len(word.text) + _LEAST_SIZE for word in line)
            if self._size > MOST_SIZE:
                line[0].fail("imports add up to too much text", "imports in imports multiply")
            if line[0].text == "import":
                self._import(line, waiting.trail)
            elif self._is_snippet(line):
                self._define(line, waiting.trail)
            else:
                self._keep(line)

    def _next(self) -> _Waiting | None:
        while self._waiting:
            waiting = next(self._waiting[-1], None)
            if waiting:
                return waiting
            self._waiting.pop()
        return None

    def _brace_follows(self) -> bool:
        waiting = self._next()
        if waiting:
            self.put([waiting])
        return waiting is not None and waiting.line[0].type == "_OPEN"

    def _keep(self, line: Line) -> None:
        self.done.append(line)
        opens = any(token.type == "_OPEN" for token in line)
        self._depth = max(0, self._depth + nesting(line))
        if self._depth > MOST_NESTED:
            line[0].fail(f"blocks are nested more than {MOST_NESTED} deep")
        if self._depth == 0 and not opens and line[-1].type != "_CLOSE":
            self._braceless |= not line[-1].text.endswith(",") and not self._brace_follows()

    def _is_snippet(self, line: Line) -> bool:
        if self._depth or self._braceless or not names_snippet(line[0]):
            return False
        return defines_snippet(line) if len(line) > 1 else self._brace_follows()

    def _define(self, line: Line, trail: tuple[str, ...]) -> None:
        name = line[0].text[1:-1]
        if name in self._snippets:
            line[0].fail(f"redeclaration of previously declared snippet {name}")
        brace = _Waiting(line[1:], trail) if len(line) > 1 else self._next()
        if brace:
            self._snippets[name] = f"{line[0].file}:{name}", self._block(brace)

    def _block(self, begin: _Waiting) -> list[Line]:
        """Take the lines in the braces that the first word of `begin` opens."""
        lines: list[Line] = []
        opening, line = begin.line[0], begin.line[1:]
        depth = 1
        while True:
            for index, token in enumerate(line):
                depth += nesting((token,))
                if depth == 0:
                    after = line[index + 1 :]
                    self.put([_Waiting(after, begin.trail)] if after else [])
                    return [*lines, line[:index]] if index else lines
            lines += [line] if line else []
            waiting = self._next()
            if waiting is None:
                opening.fail("the '{' that opens here is not closed", "expected a '}'")
            line = waiting.line

    def _import(self, line: Line, trail: tuple[str, ...]) -> None:
        opening = next((n for n, token in enumerate(line) if token.type == "_OPEN"), len(line))
        head = line[:opening]
        if len(head) == 1:
            line[0].fail("import takes a snippet, a file or a glob pattern, and then arguments")
        block = self._block(_Waiting(line[opening:], trail)) if opening < len(line) else []
        call = Call(head, block, top_level=self._depth == 0 and not self._braceless)
        for node, lines in reversed(self._sources(head[1])):
            if node in trail:
                head[1].fail(f"a cycle of imports exists between {trail[-1]} and {node}")
            self.put(self._filled(call, lines, trail, node))

    def _filled(
        self, call: Call, lines: list[Line], trail: tuple[str, ...], node: str
    ) -> Iterator[_Waiting]:
        """Yield what one source gives to an import; what the import passes in is not from there."""
        inner = (*trail, node)
        for imported in call.fill(lines, self._warn):
            yield _Waiting(imported.line, trail if imported.passed else inner)

    def _sources(self, pattern: Token) -> list[tuple[str, list[Line]]]:
        """Return what a pattern names: a snippet of that name, or files."""
        if pattern.text in self._snippets:
            return [self._snippets[pattern.text]]
        paths = imports.find(pattern, self._warn)
        return [(path, imports.read(path, pattern, self._snippets, self._warn)) for path in paths]

    def _warn(self, token: Token, message: str) -> None:
        self.warnings.append(CaddyfileWarning(token.file, token.line, "import", message))
