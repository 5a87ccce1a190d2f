"""Types: what an expression is, and what is refused before it ever runs."""

from __future__ import annotations

import pytest

from snake.cel.errors import ExpressionError
from snake.cel.types import DYN, INT, STRING, Fitting, list_of, read_types
from tests.cel.evaluating import evaluate, type_of


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1", "int"),
        ("1u", "uint"),
        ("1.0", "double"),
        ("'a'", "string"),
        ("b'a'", "bytes"),
        ("null", "null_type"),
        ("[1, 2]", "list(int)"),
        ("[1, 'a']", "list(dyn)"),
        ("[]", "list(dyn)"),
        ("{'a': [1]}", "map(string, list(int))"),
        ("{}", "map(dyn, dyn)"),
        ("int", "type(int)"),
        ("req", "http.Request"),
        ("v('a')", "any"),
        ("dyn(1)", "dyn"),
        ("v('a') + 1", "int"),
        ("v('a') + v('b')", "dyn"),
        ("v('a') == 1", "bool"),
        ("v('a') < 1", "bool"),
        ("v('a').size()", "int"),
        ("v('a').b", "dyn"),
        ("true ? 1 : 2", "int"),
        ("true ? 1 : dyn(2)", "dyn"),
        ("true ? true : v('a')", "any"),
        ("[1].map(x, string(x))", "list(string)"),
        ("['a'].filter(x, x != '')", "list(string)"),
        ("{'a': 1}.map(k, k)", "list(string)"),
        ("[1][0]", "int"),
        ("{'a': 1}['a']", "int"),
        ("[[1]].flatten()", "list(int)"),
        ("math.greatest(1, 2.0)", "dyn"),
        ("timestamp(0) - timestamp(0)", "google.protobuf.Duration"),
        ("cel.bind(x, 'a', x)", "string"),
        ("has({'a': 1}.a)", "bool"),
    ],
)
def test_type(expression: str, expected: str) -> None:
    """What an expression is, is known as far as its parts are."""
    assert type_of(expression) == expected


@pytest.mark.parametrize(
    ("expression", "problem", "at"),
    [
        ("1 + 'a'", r"no matching overload for '_\+_' applied to '\(int, string\)'", 0),
        ("1 == 1.0", r"'_==_' applied to '\(int, double\)'", 0),
        ("1 < 1.5", r"'_<_' applied to '\(int, double\)'", 0),
        ("[1] < [2]", r"'_<_' applied to '\(list\(int\), list\(int\)\)'", 0),
        ("null == 1", r"'_==_' applied to '\(null_type, int\)'", 0),
        ("true && 1", "expected type 'bool' but found 'int'", 8),
        ("true || ('a' + 'b')", "expected type 'bool' but found 'string'", 9),
        ("1 ? 2 : 3", "expected type 'bool' but found 'int'", 0),
        ("true ? 1 : 'a'", r"'_\?_:_' applied to '\(int, string\)'", 0),
        ("!1", r"'!_' applied to '\(int\)'", 0),
        ("-'a'", r"'-_' applied to '\(string\)'", 0),
        ("-1u", r"'-_' applied to '\(uint\)'", 0),
        ("1 in 'a'", r"'@in' applied to '\(int, string\)'", 0),
        ("'a'[0]", r"'_\[_\]' applied to '\(string, int\)'", 0),
        ("'a'.b", "type 'string' does not support field selection", 0),
        ("size(1)", r"'size' applied to '\(int\)'", 0),
        ("'a'.startsWith(1)", r"'startsWith' applied to '\(string, int\)'", 4),
        ("startsWith('a', 'b')", r"'startsWith' applied to '\(string, string\)'", 0),
        ("'a'.none()", "undeclared reference to 'none'", 4),
        ("none(1)", "undeclared reference to 'none'", 0),
        ("none", "undeclared reference to 'none'", 0),
        ("true && a.b.c", "undeclared reference to 'a'", 8),
        ("'a'.all(x, true)", "'string' is nothing that all", 4),
        ("v('a').all(x, true)", "'any' is nothing that all", 7),
        ("[1].all(x, x)", "expected type 'bool' but found 'int'", 11),
        ("[1].exists(x, y)", "undeclared reference to 'y'", 14),
        ("int('a')", "type conversion error from 'string' to 'int'", 0),
        ("duration('x')", "type conversion error", 0),
        ("'a'.matches('[')", "missing closing", 4),
        ("'%d'.format(['a'])", "%d is not for a string", 5),
        ("'%s'.format([v('a')])", "%s is not for a any", 5),
        ("'%s'.format([])", "index 0 out of range", 5),
        ("'%s'.format([1, 2])", "too many arguments", 5),
        ("'%q'.format([1])", 'unrecognized formatting clause "q"', 5),
        ("{[1]: 2}", "unsupported key type", 0),
    ],
)
def test_fault_has_a_place(expression: str, problem: str, at: int) -> None:
    """What cannot have a value is refused before any request, with its place."""
    with pytest.raises(ExpressionError, match=problem) as caught:
        type_of(expression)

    assert caught.value.at == at


def test_shadowing() -> None:
    """The innermost variable of a name counts, also before what the host gives."""
    assert evaluate("[1].all(x, [2].all(x, x == 2))")
    assert evaluate("[1].all(req, req == 1)")


def test_parameters_of_types() -> None:
    """A parameter stands for one type, and for `dyn` once it had to."""
    types = Fitting()
    a, of_a = types.instance(read_types("A list(A)"))

    assert types.fits([INT, list_of(INT)], [a, of_a])
    assert not types.fits([STRING], [a])
    assert types.of(of_a) == list_of(INT)
    assert types.fits([DYN], [a])
    assert types.of(a) == DYN


def test_types_hold_no_circles() -> None:
    """A parameter is never a list of itself."""
    types = Fitting()
    (a,) = types.instance(read_types("A"))

    assert not types.fits([list_of(a)], [a])
