"""Expressions as text: what is read as what, and what is refused where."""

from __future__ import annotations

import pytest

from snake.cel.errors import ExpressionError
from tests.cel.evaluating import evaluate


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("-2 + 3", 1),
        ("--3", 3),
        ("!!true", True),
        ("!false && false", False),
        ("true || false && false", True),
        ("true ? 1 : false ? 2 : 3", 1),
        ("1 < 2 == true", True),
        ("2 in [1, 2] == true", True),
        ("[1, 2, ][1]", 2),
        ("{'a': 1, }.a", 1),
        ("{'a': {'b': [1, 2]}}.a.b[1]", 2),
        ("0x1F", 31),
        ("1e3 + .5", 1000.5),
        ("0x10u == 16u", True),
        ("-9223372036854775808", -(2**63)),
        ("'it' + \"s\"", "its"),
        (r"'\u00e9\x41\101\U0001F600\n\'\`\?'", "éAA😀\n'`?"),
        ("'''a'b\n'''", "a'b\n"),
        ('"""a"b"""', 'a"b'),
        (r"r'\d'", r"\d"),
        (r"R\"\"\"\n\"\"\"".replace('\\"', '"'), r"\n"),
        (r"b'\xff\377é'", b"\xff\xff\xc3\xa9"),
        ("1 // + 2", 1),
        ("\n\t 1 \f", 1),
        ("cel.bind(x, 1, x + 1)", 2),
        (".int == int", True),
        (" || ".join(["false"] * 2000) + " || true", True),
    ],
)
def test_value(expression: str, expected: object) -> None:
    """Operators bind as in C; literals are those of CEL."""
    assert evaluate(expression) == expected


@pytest.mark.parametrize(
    ("expression", "problem", "at"),
    [
        ("", "expected a value instead of the end", 0),
        ("1 ==", "expected a value instead of the end", 4),
        ("(1 == 1", 'expected "\\)" instead of the end', 7),
        ("1 == 1 1", 'unexpected "1"', 7),
        ("f(1,)", 'expected a value instead of "\\)"', 4),
        ("a.1", 'unexpected ".1"', 1),
        ("a.", "expected a name instead of the end", 2),
        ("1 ? 2", 'expected ":"', 5),
        ("{'a' 1}", 'expected ":"', 5),
        ("!-1", "expected a value", 1),
        ("  'open", "a string that is not closed", 2),
        (r"'\q'", "unknown escape", 0),
        ("'a\nb'", "a string that is not closed", 0),
        (r"'\ud800'", "is no character", 0),
        (r"b'\u0041'", "means nothing in bytes", 0),
        ("1 @ 2", 'unexpected "@"', 2),
        ("for", "is a reserved word", 0),
        ("9223372036854775808", "invalid int literal", 0),
        ("18446744073709551616u", "invalid uint literal", 0),
        ("9" * 5000, "invalid int literal", 0),
        ("has(a)", "has\\(\\) takes a field", 4),
        ("[1].all(1, true)", "expected the name of a variable", 8),
        ("math.greatest('a')", "expected a number", 14),
        ("math.least()", "expected at least one number", 5),
        ("(" * 5000, "nested too deep", 100),
        ("!" * 5000, "expected a value instead of the end", 5000),
        ("1" + " + 1" * 5000, "nested too deep", 400),
        ("a" + ".b" * 5000, "nested too deep", 200),
        ("[" * 5000, "nested too deep", 100),
        ("1 " * 60_000, "more than 100000 characters", 100_000),
    ],
)
def test_fault_has_a_place(expression: str, problem: str, at: int) -> None:
    """What is no expression is refused where that shows, however long it is."""
    with pytest.raises(ExpressionError, match=problem) as caught:
        evaluate(expression)

    assert caught.value.at == pytest.approx(at, abs=8 if len(expression) > 1000 else 0)
