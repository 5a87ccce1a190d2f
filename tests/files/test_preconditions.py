"""Preconditions: whether a request wants the file."""

from __future__ import annotations

import pytest

from snake.files.preconditions import Outcome, evaluate, range_wanted
from tests.matchers.matching import request

ETAG = '"abc"'
MODIFIED = 784_111_777
THEN = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"

PROCEED, NOT_MODIFIED, FAILED = Outcome.PROCEED, Outcome.NOT_MODIFIED, Outcome.FAILED


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, PROCEED),
        ({"if-match": '"abc"'}, PROCEED),
        ({"if-match": '"x", "abc"'}, PROCEED),
        ({"if-match": "*"}, PROCEED),
        ({"if-match": 'W/"abc"'}, FAILED),
        ({"if-match": '"x"'}, FAILED),
        ({"if-match": "abc"}, FAILED),
        ({"if-none-match": '"abc"'}, NOT_MODIFIED),
        ({"if-none-match": 'W/"abc"'}, NOT_MODIFIED),
        ({"if-none-match": '"x", W/"y" , "abc"'}, NOT_MODIFIED),
        ({"if-none-match": "*"}, NOT_MODIFIED),
        ({"if-none-match": '"x"'}, PROCEED),
        ({"if-none-match": 'broken, "abc"'}, PROCEED),
        ({"if-none-match": '"x"', "if-modified-since": LATER}, PROCEED),
        ({"if-modified-since": THEN}, NOT_MODIFIED),
        ({"if-modified-since": LATER}, NOT_MODIFIED),
        ({"if-modified-since": BEFORE}, PROCEED),
        ({"if-modified-since": "no date"}, PROCEED),
        ({"if-unmodified-since": THEN}, PROCEED),
        ({"if-unmodified-since": BEFORE}, FAILED),
        ({"if-unmodified-since": "no date"}, PROCEED),
        ({"if-match": '"abc"', "if-unmodified-since": BEFORE}, PROCEED),
    ],
)
def test_conditions_are_evaluated_in_order(headers: dict[str, str], expected: Outcome) -> None:
    """Tags come before dates, strong or weak as RFC 9110 section 13.2.2 says."""
    assert evaluate(request(headers=headers), ETAG, MODIFIED) is expected


def test_other_methods_fail_where_reads_are_not_modified() -> None:
    """A POST whose If-None-Match has the tag is a 412."""
    asked = request(method="POST", headers={"if-none-match": ETAG})

    assert evaluate(asked, ETAG, MODIFIED) is FAILED


def test_unknown_validators_decide_nothing() -> None:
    """Without a tag nothing matches but a star, and without a date no date counts."""
    assert evaluate(request(headers={"if-modified-since": LATER}), "", None) is PROCEED
    assert evaluate(request(headers={"if-unmodified-since": BEFORE}), "", None) is PROCEED
    assert evaluate(request(headers={"if-match": '"abc"'}), "", None) is FAILED


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('"abc"', "bytes=0-1"),
        ('W/"abc"', None),
        ('"x"', None),
        (THEN, "bytes=0-1"),
        (BEFORE, None),
        ("no date", None),
        ("", "bytes=0-1"),
    ],
)
def test_if_range_asks_for_the_same_file(condition: str, expected: str | None) -> None:
    """A range is only sent of the file that the client has a part of."""
    asked = request(headers={"range": "bytes=0-1", "if-range": condition})

    assert range_wanted(asked, ETAG, MODIFIED) == expected
