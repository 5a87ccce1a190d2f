"""Caddy and snake answer the same requests to the same sites equally."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import php
from tests.differential.scenarios import FOLDER, answers, read

FILES = sorted(FOLDER.glob("*.toml"))
ALL = [scenario for path in FILES for scenario in read(path)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_answers_are_equal(path: Path, tmp_path: Path) -> None:
    """Status, fields and body are equal; where they differ on purpose, they do."""
    scenarios = read(path)
    if php.binary() is None and any(scenario.needs_php for scenario in scenarios):
        pytest.skip("php-fpm is not installed")

    wrong = [str(given) for given in answers(scenarios, tmp_path) if not given.right]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_each_scenario_has_a_name_of_its_own(path: Path) -> None:
    """A name says which scenario failed."""
    names = [scenario.name for scenario in read(path)]

    assert len(set(names)) == len(names)
