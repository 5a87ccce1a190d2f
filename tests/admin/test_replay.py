"""A client of Caddy's admin API finds the same in snake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.admin.replay import Pair, Scenario, both, faults, scenarios

SCENARIOS = scenarios()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Run both, for all scenarios."""
    with both(tmp_path_factory.mktemp("admin")) as servers:
        yield servers


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[each.name for each in SCENARIOS])
def test_answers_are_those_of_caddy(scenario: Scenario, pair: Pair) -> None:
    """Status, fields and body are equal; where a text differs, it begins as Caddy's does."""
    wrong = list(faults(scenario, pair))

    assert not wrong, "\n".join(wrong)
