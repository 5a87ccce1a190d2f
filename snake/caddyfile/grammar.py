"""The grammar of the Caddyfile as tables, which Lark has compiled from `caddyfile.lark`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec

from snake.core.record import Record

_INSTALLED = Path(__file__).parents[1] / "grammar"
_CHECKOUT = Path(__file__).parents[2] / "grammar"

TERMINALS = (
    *("WORD", "_NL", "QUOTED", "RAW", "HEREDOC", "ANGLES"),
    *("UNCLOSED", "COMMENT", "CONTINUE", "STRAY"),
)
"""The terminals that make the words of a file, in the order in which they are tried."""


class Rule(Record):
    """What a rule is made of, by the names of the symbols."""

    origin: str
    expansion: list[str]


class Tables(Record):
    """A compiled grammar."""

    source: str
    """The grammar's text."""
    terminals: dict[str, str]
    """Regular expressions by name."""
    rules: list[Rule]
    states: list[dict[str, int]]
    """What each state of the automaton does with a symbol.

    A number from 0 is the state to go to; of a negative one, the complement is
    the rule to reduce by.
    """
    end: int
    """The state in which everything is read."""


def folder() -> Path:
    """Return where the grammar is: in the wheel, or in the checkout."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


@cache
def caddyfile() -> Tables:
    """Return the compiled grammar.

    Its tables come from the file that `make grammar` writes; a grammar that was
    changed since then is compiled again.
    """
    text = (folder() / "caddyfile.lark").read_text(encoding="utf-8")
    stored = folder() / "caddyfile.json"
    tables = msgspec.json.decode(stored.read_bytes(), type=Tables) if stored.is_file() else None
    if tables is not None and tables.source == text:
        return tables
    # Takes longer than everything else that adapting a small file takes.
    from snake.caddyfile.compile import compile_grammar  # noqa: PLC0415

    return compile_grammar(text)


@cache
def scanner() -> re.Pattern[str]:
    """Return an expression for the next word; the number of its group is that of the terminal."""
    terminals = caddyfile().terminals
    words = "|".join(f"({terminals[name]})" for name in TERMINALS)
    return re.compile(f"(?:{terminals['BLANK']})*+(?:{words})")
