"""The shapes of the language, by chance: what Caddy and snake make of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import caddy
from tests.fuzz.adapt import ours
from tests.fuzz.language import ENVIRON, Language, write_files


@pytest.fixture(scope="module")
def server() -> Iterator[caddy.Adapter]:
    """Return a Caddy that adapts, in the folder with the files that are imported."""
    with caddy.adapter(ENVIRON) as running, pytest.MonkeyPatch.context() as patch:
        write_files(running.folder)
        patch.chdir(running.folder)
        for name, value in ENVIRON.items():
            patch.setenv(name, value)
        yield running


@pytest.mark.parametrize("first", range(0, 500, 50))
def test_both_adapt_or_refuse(first: int, server: caddy.Adapter) -> None:
    """They print the same text, or both refuse; `make fuzz-adapt` goes on from there."""
    for seed in range(first, first + 50):
        text = Language(seed).caddyfile()
        made, refusal = ours(text)

        assert made == server.adapt(text).text, f"seed {seed}\n{text}\n{refusal}"
