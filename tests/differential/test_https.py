"""Caddy and snake make the same of a config by automatic HTTPS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differential.https import Scenario, compared, read


@pytest.mark.slow
@pytest.mark.parametrize("scenario", read(), ids=lambda scenario: scenario.name)
def test_both_do_the_same(scenario: Scenario, tmp_path: Path) -> None:
    """Where they listen, with TLS or not, for which names, and where they redirect is equal."""
    wrong = compared(scenario, tmp_path)

    assert not wrong, "\n".join(wrong)
