"""What an authority's answers are read as: what they should be, or nonsense."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snake.acme.problem import Problem, ProblemError, read_problem, retry_time
from snake.acme.resources import (
    Authorization,
    Directory,
    NonsenseError,
    Order,
    Registration,
    Renewal,
    read,
)
from snake.acme.wire import Answer

KINDS = (Authorization, Directory, Order, Registration, Renewal)
FIELDS = (
    *("status", "identifier", "challenges", "type", "value", "url", "token", "error", "detail"),
    *("authorizations", "finalize", "certificate", "newNonce", "newAccount", "newOrder", "meta"),
    *("suggestedWindow", "start", "end", "contact", "subproblems", "profiles", "identifiers"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(FIELDS),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner),
    max_leaves=20,
)


def _answer(body: bytes) -> Answer:
    return Answer("https://ca.example/x", 200, (("content-type", "application/json"),), body)


CALMLY = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
"""A machine that does other things is no fault of what is tested."""


@pytest.mark.parametrize("kind", KINDS)
@CALMLY
@given(body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_anything_is_a_resource_or_nonsense(kind: type[Any], body: bytes) -> None:
    """Whatever is answered is the resource, or an error of one short line."""
    try:
        assert isinstance(read(_answer(body), kind), kind)
    except NonsenseError as error:
        text = str(error)
    else:
        text = "fine"
    assert len(text) < 600
    assert text.isprintable()


@CALMLY
@given(body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_anything_is_a_problem(body: bytes) -> None:
    """Whatever comes with an error is a problem, if need be one without a word."""
    problem = read_problem(body, 400)
    assert str(ProblemError(problem, "where"))


@CALMLY
@given(value=st.text(max_size=40), now=st.floats(0, 4e9))
def test_a_time_to_wait_is_none_or_soon(value: str, now: float) -> None:
    """A time to wait is none at all, or at most a week."""
    when = retry_time(value, now)
    assert when is None or now <= when <= now + 8 * 86400


def test_a_long_problem_is_told_in_short() -> None:
    """Of a problem with a thousand parts, a few are told."""
    part = Problem(type="urn:ietf:params:acme:error:dns", detail="x" * 100_000)
    whole = Problem(type="y" * 100_000, detail="\x1b" * 100_000, subproblems=(part,) * 1000)
    text = str(ProblemError(whole, "where"))
    assert len(text) < 10_000
    assert text.isprintable()
