"""JSON is read and written as Go does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.admin.gojson import decode, encode
from snake.admin.malformed import JSONError, explain

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_written_is_read_again(value: object) -> None:
    """It is the same, and any reader of JSON finds the same in it."""
    data = encode(value)

    assert decode(data) == value
    assert json.loads(data) == value
    assert not {*b"<>&"} & {*data}


@given(VALUES, st.integers(0, 200), st.sampled_from(b'{}[]",:\\ 019.eEtfnux-+/\x00\n\xff'))
def test_what_is_malformed_is_explained(value: object, at: int, byte: int) -> None:
    """The scanner finds a fault where, and only where, a reader of JSON does."""
    data = json.dumps(value).encode()
    at %= len(data)
    data = data[:at] + bytes([byte]) + data[at + 1 :]
    try:
        json.loads(data.decode("utf-8", "replace"), parse_constant=float.fromhex)
    except ValueError:
        assert explain(data) is not None
    else:
        assert explain(data) is None


def test_numbers_are_those_of_go() -> None:
    """No exponent below 21 digits, and no point that is not needed; whole ones stay exact."""
    data = b"[1.0, 1e3, 1.5, 1e21, 1e-7, 0.00001, 12345678901234567890, -0.0]"

    assert encode(decode(data)) == b"[1,1000,1.5,1e+21,1e-7,0.00001,12345678901234567890,0]"


def test_what_is_not_unicode_is_replaced() -> None:
    """As in Go: half a surrogate pair, and bytes that are no UTF-8."""
    assert decode(b'"\xff\\ud800x"') == "\ufffd\ufffdx"


def test_text_that_is_too_long_to_explain_is_refused_all_the_same() -> None:
    """It is told where, in the words of the reader."""
    data = b'{"a": "' + b"x" * 2**20 + b'" 1}'

    with pytest.raises(JSONError, match="byte 1048585"):
        decode(data)
