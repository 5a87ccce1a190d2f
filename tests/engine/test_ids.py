"""engine.ids."""

from __future__ import annotations

import json

import pytest

from snake.engine.ids import without_ids


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"@id": "a", "b": 1}, {"b": 1}),
        ({"a": [{"@id": 5, "b": {"@id": "x"}}]}, {"a": [{"b": {}}]}),
        ({"@id": ["a"]}, {"@id": ["a"]}),
        ({"a": "@id"}, {"a": "@id"}),
    ],
)
def test_ids_are_taken_off(given: object, left: object) -> None:
    """They are text or numbers, and stand in any object."""
    assert json.loads(without_ids(json.dumps(given).encode())) == left


@pytest.mark.parametrize("data", [b'{"a": 1.50}', b'{"@id": "a"', b"", b'{"@id":' * 10_000])
def test_other_data_stays_as_it_is(data: bytes) -> None:
    """What has no ID is not touched, and what is no JSON is told by who decodes it."""
    assert without_ids(data) == data
