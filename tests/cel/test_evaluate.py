"""Values of expressions, and the errors that they end in.

Each was checked with Caddy; `tests/differential/test_expressions.py` goes on doing so.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from snake.cel.errors import EvaluationError
from snake.cel.values import Duration, Timestamp, adapt, equal
from snake.core.units import Span
from tests.cel.evaluating import evaluate

TRUE = [
    line
    for line in (Path(__file__).parent / "true.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize("expression", TRUE)
def test_true(expression: str) -> None:
    """These are true."""
    assert evaluate(expression) is True


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 / 0 == 1", "division by zero"),
        ("1 % 0 == 1", "modulus by zero"),
        ("9223372036854775807 + 1 == 0", "integer overflow"),
        ("-(-9223372036854775808) == 0", "integer overflow"),
        ("1u - 2u == 0u", "unsigned integer overflow"),
        ("18446744073709551615u + 1u == 0u", "unsigned integer overflow"),
        ("[1][1] == 1", "index out of bounds: 1"),
        ("[1][-1] == 1", "index out of bounds: -1"),
        ("[1][dyn('a')] == 1", "no such overload"),
        ("{'a': 1}.b == 1", "no such key: b"),
        ("{'a': 1}['b'] == 1", "no such key: b"),
        ("int(v('big')) == 1", "integer overflow"),
        ("uint(v('negative')) == 1u", "unsigned integer overflow"),
        ("int(v('text')) == 1", "type conversion error from 'string' to 'int'"),
        ("v('text') + 1 == 2", "no such overload"),
        ("v('text') < 1", "no such overload"),
        ("v('none') + 1 == 2", "no such overload"),
        ("v('none').a == 1", "no such overload"),
        ("v('none').startsWith('a')", "no such overload"),
        ("v('text') && true", "no such overload"),
        ("v('text') ? true : false", "no such overload"),
        ("[1].filter(x, v('text')) == []", "no such overload"),
        ("[0].exists_one(x, 1 / x == 1)", "division by zero"),
        ("[0, 1].all(x, 1 / x == 1)", "division by zero"),
        ("cel.bind(x, 1 / 0, x == 1)", "division by zero"),
        ("(1 / 0 == 1) && true", "division by zero"),
        ("false || (1 / 0 == 1)", "division by zero"),
        ("'abc'.matches(v('bracket'))", "missing closing"),
        ("'a'.charAt(2) == ''", "index out of range: 2"),
        ("'a'.indexOf('a', -1) == 0", "index out of range: -1"),
        ("'a'.lastIndexOf('a', -1) == 0", "index out of range: -1"),
        ("'abc'.substring(2, 1) == ''", "invalid substring range. start: 2, end: 1"),
        ("'abc'.substring(4) == ''", "index out of range: 4"),
        ("['a', dyn(1)].join() == ''", "join: invalid input: 1"),
        ("v('format').format([1]) == ''", "unexpected end of string"),
        ("'%d'.format([dyn('a')]) == ''", "%d is not for a string"),
        ("'%s %s'.format(v('list')) == ''", "index 1 out of range"),
        ("[1, 2].slice(1, 3) == []", "list is length 2"),
        ("[1, 2].slice(-1, 1) == []", "negative indexes"),
        ("[1, 2].slice(2, 1) == []", "start index must be"),
        ("[1, 'a'].sort() == []", "same type"),
        ("[dyn([1]), dyn([2])].sort() == []", "must be comparable"),
        ("[1].flatten(-1) == []", "level must be non-negative"),
        ("lists.range(-1) == []", "not -1"),
        ("lists.range(1000000000) == []", "not 1000000000"),
        ("math.abs(-9223372036854775808) == 1", "integer overflow"),
        ("math.bitShiftLeft(1, -1) == 0", "negative offset"),
        ("math.bitShiftRight(1, -1) == 0", "negative offset"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s') == timestamp(0)", "overflow"),
        ("timestamp(0).getHours('No/Where') == 0", "unknown time zone"),
        ("timestamp(0).getHours('01:99') == 0", "out of range"),
        ("timestamp(0).getHours('99:00') == 0", "unknown time zone"),
        ("v('object') == 1", "unsupported conversion"),
    ],
)
def test_error(expression: str, message: str) -> None:
    """These have no value."""
    values = {
        "text": "a",
        "bracket": "[",
        "format": "%",
        "list": [1],
        "big": 1e30,
        "negative": -1,
        "object": object(),
    }
    with pytest.raises(EvaluationError, match=message):
        evaluate(expression, **values)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (HTTPStatus.NOT_FOUND, 404),
        (Span(1500), Duration(1500)),
        (timedelta(seconds=1), Duration(10**9)),
        (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), Timestamp(10**9)),
        ((1, (2,)), [1, [2]]),
        (None, None),
    ],
)
def test_values_of_the_host(value: object, expected: object) -> None:
    """What the host has becomes a value of CEL."""
    assert equal(adapt(value), expected)
    assert type(adapt(value)) is type(expected)


def test_maps_of_the_host() -> None:
    """A map of the host can be looked into; `true` and `1` are two keys."""
    values = {"map": {"a": {"b": 1}, True: "yes", 2: "two"}}

    assert evaluate("v('map').a.b == 1", **values)
    assert evaluate("v('map')[true] == 'yes' && v('map')[2u] == 'two'", **values)
    assert evaluate("has(v('map').a) && !has(v('map').none) && !has(v('none').a)", **values)
