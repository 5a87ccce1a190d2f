"""Compose: whole Caddyfiles, made of the forms of all words by chance."""

from __future__ import annotations

import random

from tests.fuzz.directives import DIRECTIVES, MATCHERS, SITE_ONLY
from tests.fuzz.forms import Writer
from tests.fuzz.options import OPTIONS
from tests.fuzz.values import VALUES

ADDRESSES = (
    ":80",
    ":8080",
    "http://{}.a.com",
    "{}.example.com",
    "https://{}.b.org",
    "*.{}.example.com",
    "{}.localhost",
    "{}.c.com:8443",
    "192.0.2.{}",
    "http://{}.d.com:8080",
    "{}.e.com, www.{}.e.com",
    "{}.f.internal",
)
_NESTED = ("handle <m>", "route <m>", "handle_path /p{}/*")
_DEEPEST = 2
_MOST_LINES = 6
_MOST_SITES = 3


class Composer:
    """Composes Caddyfiles; those of one seed are always the same."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._write = Writer(self._chance, VALUES)

    def caddyfile(self) -> str:
        """Return a whole Caddyfile."""
        parts = [self._options()] if self._likely(0.4) else []
        count = self._chance.randint(1, _MOST_SITES)
        parts += [self._site(number) for number in range(count)]
        return "\n".join(parts)

    def _likely(self, probability: float) -> bool:
        return self._chance.random() < probability

    def _options(self) -> str:
        chosen = self._chance.sample(OPTIONS, self._chance.randint(1, 4))
        lines = [line for form in chosen for line in self._write.lines(form)]
        return "\n".join(["{", *lines, "}", ""])

    def _site(self, number: int) -> str:
        address = self._chance.choice(ADDRESSES).format(*[f"s{number}"] * 2)
        if address.startswith("192"):
            address = f"192.0.2.{number + 1}"
        lines = [line for name in ("@a", "@b") for line in self._matcher(name)]
        for forms in SITE_ONLY.values():
            if self._likely(0.15):
                lines += self._write.lines(self._chance.choice(forms))
        lines += self._block(0, "\t")
        if self._likely(0.2):
            code = self._write.line("<code>...")
            lines += [f"\thandle_errors {code} {{", *self._block(_DEEPEST, "\t\t"), "\t}"]
        return "\n".join([f"{address} {{", *lines, "}", ""])

    def _matcher(self, name: str) -> list[str]:
        if self._likely(0.1):
            return [self._write.line(f"\t{name} <cel>")]
        if self._likely(0.5):
            form = self._chance.choice([form for form in MATCHERS if isinstance(form, str)])
            return [f"\t{name} {self._write.line(form)}"]
        chosen = self._chance.sample(MATCHERS, self._chance.randint(1, 3))
        lines = [line for form in chosen for line in self._write.lines(form, "\t\t")]
        return [f"\t{name} {{", *lines, "\t}"]

    def _block(self, depth: int, indent: str) -> list[str]:
        lines: list[str] = []
        for _ in range(self._chance.randint(1, _MOST_LINES)):
            if depth < _DEEPEST and self._likely(0.2):
                head = self._write.line(self._chance.choice(_NESTED)).format(depth)
                inner = self._block(depth + 1, f"{indent}\t")
                lines += [f"{indent}{head} {{", *inner, f"{indent}}}"]
            else:
                forms = self._chance.choice(list(DIRECTIVES.values()))
                lines += self._write.lines(self._chance.choice(forms), indent)
        return lines
