"""Forms: how a line may be written, and lines that are written so, by chance.

A form is text with `[optional]` parts, `(one|of|these)`, `<value>` for one of a kind of
values and `<value>...` for one to three of them. With a block it is a pair of the
line's form and the forms of what may stand in the braces; `OneOf` is any one form.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence


class OneOf:
    """Forms of which only one may stand in a block."""

    def __init__(self, *forms: Form) -> None:
        self.forms = forms


Form = str | tuple[str, Sequence["Form"]] | OneOf

ALWAYS = "!"
"""Stands before a line that its block must have."""

_INNERMOST = re.compile(r"\[([^\[\]()]*)\]|\(([^\[\]()]*)\)")
_VALUE = re.compile(r"<(\w+)>(\.\.\.)?")
_MOST_REPEATED = 3
_HALF = 0.5
_USUAL = 4
"""About how many lines of a block are written."""


class Writer:
    """Writes lines by chance; `values` are what the kinds of values may be."""

    def __init__(self, chance: random.Random, values: Mapping[str, Sequence[str]]) -> None:
        self.chance = chance
        self._values = values

    def line(self, form: str) -> str:
        """Write one line, without a block."""
        while found := _INNERMOST.search(form):
            optional, choices = found.groups()
            left_out = choices is None and self.chance.random() < _HALF
            text = "" if left_out else self.chance.choice((choices or optional).split("|"))
            form = form[: found.start()] + text + form[found.end() :]
        return " ".join(_VALUE.sub(self._value, form).split(" "))

    def lines(self, form: Form, indent: str = "\t") -> list[str]:
        """Write a line, and some of those that may stand in its block."""
        if isinstance(form, OneOf):
            return self.lines(self.chance.choice(form.forms), indent)
        if isinstance(form, str):
            return [indent + self.line(form.removeprefix(ALWAYS)).strip()]
        head, inner = form
        chosen = [each for each in inner if self._wanted(each, len(inner))]
        self.chance.shuffle(chosen)
        head_text = indent + self.line(head).strip()
        if not chosen:
            return [head_text]
        block = [line for each in chosen for line in self.lines(each, indent + "\t")]
        return [f"{head_text} {{", *block, f"{indent}}}"]

    def _wanted(self, form: Form, among: int) -> bool:
        if isinstance(form, str) and form.startswith(ALWAYS):
            return True
        return self.chance.random() < min(_HALF, _USUAL / max(among, 1))

    def value(self, kind: str) -> str:
        """Return one value of a kind."""
        return self.chance.choice(self._values[kind])

    def _value(self, found: re.Match[str]) -> str:
        count = self.chance.randint(1, _MOST_REPEATED) if found[2] else 1
        return " ".join(self.value(found[1]) for _ in range(count))
