"""Language: Caddyfiles of few words in every shape that the language has, and then broken.

The directives are simple ones; the braces, quotes, heredocs, comments, continued lines,
environment variables, snippets, imports and named routes around them are not. A few
letters or words of the text are then left out, doubled, moved or put in.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

ENVIRON = {
    "FUZZ_WORD": "word",
    "FUZZ_EMPTY": "",
    "FUZZ_WORDS": 'one "two three"',
    "FUZZ_LINES": "respond env\nheader Env yes",
    "FUZZ_BRACE": "{",
    "FUZZ_NESTED": "{$FUZZ_WORD}",
}
"""What the Caddyfiles need in the environment."""
FILES = {
    "line": "respond line\n",
    "words": "header Words w\nheader More {args[0]}\n",
    "block": "handle {\n\t{block}\n\theader Block {args[0]}\n}\n",
    "open": "handle {\n\trespond open\n",
    "close": "}\n",
    "site": "http://site.{args[0]} {\n\t{block}\n\trespond site\n}\n",
    "snippets": "(one) {\n\trespond {args[0]}\n}\n(two) {\n\theader Two {args[1]}\n\t{block}\n}\n",
    "nested": "import line\nimport words {args[:]}\n",
    "itself": "import itself\n",
    "empty": "",
    "blank": " \n\t\n",
    "comment": "# nothing",
    "option": "debug\n",
    "half": "a.half {\n\trespond half\n",
    ".hidden": "respond hidden\n",
    "d/a": "header A a\n",
    "d/b": "import ../line\n",
    "d/.c": "header Hidden c\n",
    "e-f/a": "header E f\n",
    "e/a": "header E e\n",
}
"""The files beside the Caddyfile, which it imports."""

_PLAIN = ("a", "b", "hi", "200", "404", "{path}", "{header.X-A}", "x#y", "é", "{$FUZZ_WORD}")
_ODD = (
    *("\\{a\\}", "a\\b", "\\<<x", "a\\<b", 'q"q', "{}", "{", "}", '"{"', "`}`", '"import"'),
    *("import", "{$FUZZ_EMPTY:d}", "{$FUZZ_NONE:d e}", "{$FUZZ_NONE}", "{$FUZZ_WORDS}", "{$}"),
    *("{$:x}", "{$FUZZ_NESTED}", "{args[0]}", "{args[:]}", "{args[1:]}", "{args.0}", "{block}"),
    *("x{args[0]}y", "{blocks.k}", "{blocks.k.l}", '"b c"', '"a \\" b"', '"a \\n"', "`r w`"),
    *('`a "b" \\`', '""', '"a\nb"', "\u3000", "\\ ", "\\", "a,", ",", "{http.request.uri}"),
    *("{args[0]}{args[1]}", "{re.a.1}", "\\#x", '\\"b c"', "\u0085", "\u200b", "\x1c"),
)
_ANGLED = ("<<", "<<x", "<<<", "<<x! y", '"<<E"')
_LINE_ENDS = (
    *("\n", "\n", "\n", "\n", "\n\n", " \n\t", "\r\n"),
    *(" # c\n", " #\n# c \\ d\n", " \\\n", "\\\n", " \\ \n", "\t\n"),
)
_INSERTED = (
    *("{", "}", " { ", " } ", "\n}\n", " {\n", "{}", '"', "`", "\\", "\\\n", "#", "\n", "\n"),
    *("<<", "<<E\n", "E", "import", "import line\n", "import one x\n", "{block}", "{args[0]}"),
    *("\t", "@", "(", ")", "&", ":81", "$", "{$FUZZ_LINES}", "{$FUZZ_BRACE}", "<", "\r", ","),
    *("respond x\n", "import half\n", " "),
)
_PIECE = re.compile(r"\s+|[^\s]+")
_DEEPEST = 4


def write_files(folder: Path) -> None:
    """Write the files that the Caddyfiles import."""
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, newline="")


class Language:
    """Composes Caddyfiles; those of one seed are always the same."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._snippets: list[str] = []

    def caddyfile(self) -> str:
        """Return a whole Caddyfile."""
        text = "".join(self._parts())
        for _ in range(self._chance.choice((0, 0, 0, 1, 1, 2, 4))):
            text = self._changed(text)
        return text

    def _likely(self, probability: float) -> bool:
        return self._chance.random() < probability

    def _choice(self, *choices: str) -> str:
        return self._chance.choice(choices)

    def _some(self, most: int, make: Callable[[], str]) -> str:
        return "".join(make() for _ in range(self._chance.randint(0, most)))

    def _end(self) -> str:
        return self._chance.choice(_LINE_ENDS) if self._likely(0.3) else "\n"

    def _parts(self) -> list[str]:
        parts: list[str] = []
        if self._likely(0.2):
            parts.append("{\n\t" + self._choice("debug", "import option", "http_port 81") + "\n}\n")
        if self._likely(0.3):
            parts.append(f"import {self._choice('snippets', 'snippets', 'snippets x y')}\n")
            self._snippets += ["one", "two"]
        parts += [self._snippet(name) for name in ("s", "t", "u") if self._likely(0.6)]
        if self._likely(0.1):
            parts.append("import site x\n")
        parts.append(f"&(r) {{\n{self._lines(2) if self._likely(0.3) else ''}}}\n")
        if self._likely(0.1):
            parts.append(f"import site y {{\n{self._lines(2)}}}\n")
        if self._likely(0.15):
            return [*parts, f":80{self._end()}{self._lines(1)}"]
        return [*parts, *(self._site(number) for number in range(self._chance.randint(1, 3)))]

    def _snippet(self, name: str) -> str:
        text = f"({name}) {{{self._end()}{self._lines(2)}}}\n"
        self._snippets.append(name)
        return text

    def _site(self, number: int) -> str:
        one = self._choice(
            *(f":8{number}", f"http://a{number}", f"http://a{number}.com:80/p*", f"b{number}.c:90"),
            *(f'"http://q{number}"', f"http://{{env.H}}{number}", f"http://[::{number}]"),
        )
        two = self._choice(
            *("", "", "", "", f", :9{number}", f",\n\thttp://d{number}", f" http://e{number}"),
        )
        opening = self._choice(" {", " {", " {", "\n{", " { ") + self._end()
        return f"{one}{two}{opening}{self._lines(1)}}}" + self._choice("\n", "\n", " ", "\n\n")

    def _lines(self, depth: int) -> str:
        return self._some(4, lambda: self._line(depth))

    def _line(self, depth: int) -> str:
        kinds = [self._directive, self._directive, self._import]
        if depth < _DEEPEST:
            kinds += [self._handle, self._import_with_block]
        return "\t" * depth + self._chance.choice(kinds)(depth)

    def _directive(self, depth: int) -> str:
        if self._likely(0.1):
            return self._heredoc(depth)
        if self._likely(0.2):
            return f"{self._choice('vars', 'header')} {self._block(depth)}"
        head = self._choice(
            *("respond", "respond", "respond", "vars k", "header X", "header +Y", "header -Z"),
            *("header /p V", "header *  W", "@m path", "invoke r", "respond @m"),
        )
        return f"{head} {self._words()}{self._end()}"

    def _heredoc(self, depth: int) -> str:
        inner = "\t" * self._chance.choice((0, depth, depth + 1))
        body = self._some(3, lambda: f"{inner}{self._words()}\n" if self._likely(0.8) else "\n")
        return f"respond <<E\n{body}{inner}E{self._choice('', '', ' 201', '201')}{self._end()}"

    def _block(self, depth: int) -> str:
        indent = "\t" * (depth + 1)
        lines = self._some(
            3, lambda: f"{indent}{self._choice('X', 'Y', 'k')} {self._word()}{self._end()}"
        )
        return f"{{{self._end()}{lines}{indent[1:]}}}{self._end()}"

    def _handle(self, depth: int) -> str:
        head = self._choice("handle", "handle /p*", "route", "handle_path /q*", "handle @m")
        indent = "\t" * depth
        return f"{head} {{{self._end()}{self._lines(depth + 1)}{indent}}}{self._end()}"

    def _import(self, depth: int) -> str:
        del depth
        name = self._choice(
            *(self._snippets * 3 or ("line",)),
            *("line", "words", "nested", "d/*", "*/a", "comment", "blank", "e*/a", "lin?", "x*"),
        )
        if self._likely(0.05):
            name = self._choice(
                *("nothing", "itself", ".", "s", "t", "open", "close", "*/*", "lin[e]", "\\line")
            )
        return f"import {name} {self._words() if self._likely(0.7) else ''}{self._end()}"

    def _import_with_block(self, depth: int) -> str:
        name = self._choice(*self._snippets, "block", "block x")
        indent = "\t" * (depth + 1)
        lines = self._some(3, lambda: self._passed(depth + 1))
        return f"import {name} {{{self._end()}{lines}{indent[1:]}}}{self._end()}"

    def _passed(self, depth: int) -> str:
        indent = "\t" * depth
        if self._likely(0.3):
            return f"{indent}k {self._words()}{self._end()}"
        if self._likely(0.3):
            return f"{indent}k.l {{\n{self._lines(depth + 1)}{indent}}}\n"
        return self._line(depth)

    def _words(self) -> str:
        return " ".join(self._word() for _ in range(self._chance.choice((1, 1, 1, 2, 2, 3))))

    def _word(self) -> str:
        if self._likely(0.02):
            return self._chance.choice(_ANGLED)
        return self._chance.choice(_ODD if self._likely(0.2) else _PLAIN)

    def _changed(self, text: str) -> str:
        """Break a text in one place."""
        pieces = _PIECE.findall(text)
        kind = self._chance.randint(0, 5)
        if not pieces or kind > 3:
            at = self._chance.randint(0, len(text))
            return text[:at] + self._chance.choice(_INSERTED) + text[at:]
        at = self._chance.randrange(len(pieces))
        if kind == 0:
            del pieces[at]
        elif kind == 1:
            pieces.insert(at, pieces[at])
        elif kind == 2:
            pieces[at] = self._choice(" ", "\n", "", " \\\n", "\t")
        else:
            pieces.insert(self._chance.randrange(len(pieces)), pieces.pop(at))
        return "".join(pieces)
