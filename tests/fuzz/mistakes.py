"""Mistakes: Caddyfiles of every directive, each with a few words that are wrong, or only odd.

Most are refused, and which are accepted and what is made of them shows how Caddy's
parsers read: what is superfluous, what comes twice, what a block is worth where none belongs.
"""

from __future__ import annotations

import random

from tests.fuzz.compose import Composer
from tests.fuzz.directives import DIRECTIVES, SITE_ONLY
from tests.fuzz.forms import Writer
from tests.fuzz.values import VALUES

_ODD = (
    *("a", "b", "404", "5xx", "0", "10", "-1", "+5", "1.5", "007", "1_0", "0x10", "1e3", "true"),
    *("/x", "/x*", "*", "@a", "@z", "=404", "x?y", "a>b", "+a", "-a", "?a", ">a", "~a", "a:"),
    *("5s", "1d", "-5s", "10MB", "1KiB", "99999999999999999999", '""', '"a b"', "`x`", "é", "("),
    *("{path}", "{header.X}", "{http.error.status_code}", "{$SNAKE_FUZZ_UNSET:x}", "a#b", '"{"'),
)
_KINDS = ("drop", "insert", "replace", "append", "quote", "block", "copy")
_MOST = 3
"""The mistakes in one Caddyfile."""


class Mistakes:
    """Makes Caddyfiles with mistakes; those of one seed are always the same."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"mistakes {seed}")
        self._seed = seed

    def caddyfile(self) -> str:
        """Return a Caddyfile: half of them have one directive, the others are whole ones."""
        if self._chance.random() < 0.5:
            lines = self._one()
        else:
            lines = Composer(self._seed).caddyfile().split("\n")
        words = [word for line in lines for word in line.split() if word not in ("{", "}")]
        for _ in range(self._chance.randint(1, _MOST)):
            self._spoil(lines, self._chance.randrange(len(lines)), [*words, *_ODD])
        return "\n".join(lines)

    def _one(self) -> list[str]:
        forms = self._chance.choice([*DIRECTIVES.values(), *SITE_ONLY.values()])
        lines = Writer(self._chance, VALUES).lines(self._chance.choice(forms))
        return [":80 {", "\t@a method GET", "\t@b path /n", *lines, "}"]

    def _spoil(self, lines: list[str], at: int, words: list[str]) -> None:
        """Make one mistake in a line, or beside it."""
        line = lines[at]
        indent = line[: len(line) - len(line.lstrip("\t"))]
        body, brace = line.split(), ""
        if body[-1:] == ["{"]:
            body, brace = body[:-1], " {"
        if not body or body == ["}"]:
            return
        place = self._chance.randrange(len(body))
        match self._chance.choice(
            ("drop", "insert", "replace", "append", "quote", "block", "copy")
        ):
            case "drop":
                body.pop(place)
            case "insert":
                body.insert(place, self._chance.choice(words))
            case "replace":
                body[place] = self._chance.choice(words)
            case "append":
                body.append(self._chance.choice(words))
            case "quote":
                body[place] = f"`{body[place]}`" if "`" not in body[place] else body[place]
            case "block" if not brace:
                inner = " ".join(self._chance.choices(words, k=self._chance.randint(1, _MOST)))
                lines[at + 1 : at + 1] = [f"{indent}\t{inner}", f"{indent}}}"]
                brace = " {"
            case "copy" if not brace:
                lines.insert(at, line)
        lines[at] = f"{indent}{' '.join(body)}{brace}" if body else ""
