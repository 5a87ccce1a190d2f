"""The grammar to tables, by Lark: terminals as expressions, rules as an LALR automaton.

Lark and the compilation take a fifth of a second, so `make grammar` writes the
tables down beside the grammar, where only who installs snake can change them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from lark import Lark
from lark import Token as LarkToken
from lark.lark import PostLex
from lark.parsers.lalr_analysis import Shift

from snake.caddyfile.grammar import TERMINALS, Rule, Tables, folder


class _Words(PostLex):
    """Tells Lark that no rule has the terminals of text: layout.py stands between."""

    always_accept = ("BLANK", *TERMINALS)

    def process(self, stream: Iterator[LarkToken]) -> Iterator[LarkToken]:
        """Pass tokens on; the tables are all that is asked for."""
        return stream


def compile_grammar(text: str) -> Tables:
    """Compile the text of `grammar/caddyfile.lark`."""
    lark = Lark(text, parser="lalr", lexer="basic", postlex=_Words())
    table = lark.parser.parser._parse_table  # noqa: SLF001  (made for no one else to read)
    numbers = _numbered(table)
    states: list[dict[str, int]] = [{} for _ in numbers]
    for state, number in numbers.items():
        for name, (action, argument) in sorted(table.states[state].items()):
            to = numbers[argument] if action is Shift else ~lark.rules.index(argument)
            states[number][str(name)] = to
    return Tables(
        source=text,
        terminals={terminal.name: terminal.pattern.to_regexp() for terminal in lark.terminals},
        rules=[
            Rule(str(rule.origin.name), [str(each.name) for each in rule.expansion])
            for rule in lark.rules
        ],
        states=states,
        end=numbers[table.end_states["start"]],
    )


def _numbered(table: Any) -> dict[int, int]:  # noqa: ANN401  (Lark's own type)
    """Give the states numbers that are the same each time: Lark's come from sets."""
    found: list[int] = [table.start_states["start"]]
    for state in found:
        for _, (action, argument) in sorted(table.states[state].items()):
            if action is Shift and argument not in found:
                found.append(argument)
    return {state: number for number, state in enumerate(found)}


def main() -> None:
    """Write the tables of the grammar beside it."""
    text = (folder() / "caddyfile.lark").read_text(encoding="utf-8")
    data = msgspec.json.format(msgspec.json.encode(compile_grammar(text)), indent=1)
    (folder() / "caddyfile.json").write_bytes(data + b"\n")


if __name__ == "__main__":
    main()
