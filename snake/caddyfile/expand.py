"""Lines to lines: every `import` replaced by what it names, and snippets put aside.

Imports are a matter of lines, not of the tree: a snippet may hold half a site,
or the addresses of one. So they are expanded before the braces are read, by
one walk over the lines that only counts braces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from snake.caddyfile import imports
from snake.caddyfile.call import Call, defines_snippet, names_snippet, nesting
from snake.caddyfile.environment import substitute
from snake.caddyfile.errors import CaddyfileWarning
from snake.caddyfile.segments import Line, Token
from snake.caddyfile.tokens import lex

MOST_WORDS = 2_000_000
"""How much imports may add up to: snippets that import snippets double quickly."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A Caddyfile with nothing left to import."""

    lines: tuple[Line, ...]
    warnings: tuple[CaddyfileWarning, ...]


def expand(text: str, file: str) -> Expanded:
    """Read Caddyfile text, its environment variables and all of its imports.

    Raises `CaddyfileError`.
    """
    walk = _Walk()
    walk.put(lex(substitute(text), file), (str(Path(file).absolute()),))
    walk.run()
    return Expanded(tuple(walk.done), tuple(walk.warnings))


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A line that was not looked at yet, and the imports that it comes from."""

    line: Line
    trail: tuple[str, ...]


class _Walk:
    def __init__(self) -> None:
        self.done: list[Line] = []
        self.warnings: list[CaddyfileWarning] = []
        self._waiting: deque[_Waiting] = deque()
        self._snippets: dict[str, tuple[str, list[Line]]] = {}
        self._words = 0
        self._depth = 0
        self._braceless = False

    def put(self, lines: Sequence[Line], trail: tuple[str, ...]) -> None:
        """Put lines in front of those that wait."""
        self._waiting.extendleft(_Waiting(line, trail) for line in reversed(lines))

    def run(self) -> None:
        """Walk until no line waits."""
        while self._waiting:
            waiting = self._waiting.popleft()
            line = waiting.line
            self._words += len(line)
            if self._words > MOST_WORDS:
                line[0].fail(f"imports add up to more than {MOST_WORDS} words")
            if line[0].text == "import":
                self._import(line, waiting.trail)
            elif self._is_snippet(line):
                self._define(line, waiting.trail)
            else:
                self._keep(line)

    def _keep(self, line: Line) -> None:
        self.done.append(line)
        opens = any(token.type == "_OPEN" for token in line)
        self._depth = max(0, self._depth + nesting(line))
        if self._depth == 0 and not opens and line[-1].type != "_CLOSE":
            self._braceless |= not line[-1].text.endswith(",") and not self._brace_follows()

    def _brace_follows(self) -> bool:
        return bool(self._waiting) and self._waiting[0].line[0].type == "_OPEN"

    def _is_snippet(self, line: Line) -> bool:
        if self._depth or self._braceless or not names_snippet(line[0]):
            return False
        return defines_snippet(line) if len(line) > 1 else self._brace_follows()

    def _define(self, line: Line, trail: tuple[str, ...]) -> None:
        name = line[0].text[1:-1]
        if name in self._snippets:
            line[0].fail(f"redeclaration of previously declared snippet {name}")
        rest = line[1:] or self._waiting.popleft().line
        self._snippets[name] = f"{line[0].file}:{name}", self._block(rest, trail)

    def _block(self, line: Line, trail: tuple[str, ...]) -> list[Line]:
        """Take the lines in the braces that the first token of `line` opens."""
        lines: list[Line] = []
        opening, line = line[0], line[1:]
        depth = 1
        while True:
            for index, token in enumerate(line):
                depth += nesting((token,))
                if depth == 0:
                    self.put([line[index + 1 :]] if line[index + 1 :] else [], trail)
                    return [*lines, line[:index]] if index else lines
            lines += [line] if line else []
            if not self._waiting:
                opening.fail("the '{' that opens here is not closed", "expected a '}'")
            line = self._waiting.popleft().line

    def _import(self, line: Line, trail: tuple[str, ...]) -> None:
        opening = next((n for n, token in enumerate(line) if token.type == "_OPEN"), len(line))
        head = line[:opening]
        if len(head) == 1:
            line[0].fail("import takes a snippet, a file or a glob pattern, and then arguments")
        block = self._block(line[opening:], trail) if opening < len(line) else []
        call = Call(head, block, top_level=self._depth == 0 and not self._braceless)
        for node, lines in reversed(self._sources(head[1])):
            if node in trail:
                head[1].fail(f"a cycle of imports exists between {trail[-1]} and {node}")
            for imported in reversed(call.fill(lines, self._warn)):
                inner = trail if imported.passed else (*trail, node)
                self.put([imported.line], inner)

    def _sources(self, pattern: Token) -> list[tuple[str, list[Line]]]:
        """Return what a pattern names: a snippet of that name, or files."""
        if pattern.text in self._snippets:
            return [self._snippets[pattern.text]]
        paths = imports.find(pattern, self._warn)
        return [(path, imports.read(path, pattern, self._warn)) for path in paths]

    def _warn(self, token: Token, message: str) -> None:
        self.warnings.append(CaddyfileWarning(token.file, token.line, "import", message))
