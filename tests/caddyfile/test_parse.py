"""The grammar, and its rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.caddyfile import grammar
from snake.caddyfile.compile import compile_grammar, main
from snake.caddyfile.grammar import caddyfile, folder
from snake.caddyfile.layout import CLOSE, OPEN, lay_out
from snake.caddyfile.parse import parse
from snake.caddyfile.segments import Section
from snake.caddyfile.tokens import lex


def test_the_stored_tables_are_those_of_the_grammar() -> None:
    """`make grammar` was run since the grammar was last changed."""
    text = (folder() / "caddyfile.lark").read_text()

    assert caddyfile() == compile_grammar(text)


def test_a_changed_grammar_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables of another text are not used; new ones are written beside the grammar."""
    text = (folder() / "caddyfile.lark").read_text()
    (tmp_path / "caddyfile.lark").write_text(f"{text}\n// Changed.\n")
    monkeypatch.setattr(grammar, "_INSTALLED", tmp_path)
    fresh = caddyfile.__wrapped__

    assert fresh().source.endswith("Changed.\n")
    main()
    assert (tmp_path / "caddyfile.json").is_file()
    assert fresh().states == caddyfile().states


def test_rules_make_sections_of_lines() -> None:
    """A line has the words and the block that stand behind it, a section its lines."""
    head = Section((), braces=True, is_route=False, files=())
    lines = lay_out([lex("a b {", "C"), lex("c", "C"), lex("}", "C")])

    [section, empty] = parse([("HEAD", head), OPEN, *lines, CLOSE, ("HEAD", head), OPEN, CLOSE])

    [line] = section.lines
    assert (line.name, line.texts, line.lines[0].name) == ("a", ["b"], "c")
    assert empty == head
