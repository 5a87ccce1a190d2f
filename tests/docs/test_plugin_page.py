"""The directive that the page about plugins writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.adapter.adapt import adapt
from snake.adapter.catalogue import Catalogue
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.guests import Guests
from snake.core.errors import ConfigError
from snake.core.modules import Registry
from snake.core.plugins import Table
from snake.standard import DIRECTIVES, MATCHERS, MODULES, OPTIONS
from tests.docs.blocks import ROOT, blocks
from tests.site import Site

ALL = MODULES | {"http.handlers.stamp": "snake_stamp:Stamp"}


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Return all words, with that of the page, as if its package were installed."""
    code = next(each for each in blocks(ROOT / "docs/plugins.md") if each.language == "python")
    (tmp_path / "snake_stamp.py").write_text(code.text)
    monkeypatch.syspath_prepend(tmp_path)
    directives = Table(DIRECTIVES | {"stamp": "snake_stamp:directive"})
    return Catalogue(directives, MATCHERS, OPTIONS, Guests(Registry(ALL)))


async def test_directive_of_the_page_works(catalogue: Catalogue) -> None:
    """It adds its header to what comes after it, and says what it does not take."""
    document, _ = adapt("http://localhost {\n\tstamp hello\n\trespond hi\n}\n", "", catalogue)
    async with Site(document, ALL) as site:
        answer = await site.get("/")

    assert answer.header("x-stamp") == "hello"
    assert answer.text == "hi"
    with pytest.raises(CaddyfileError, match="stamp"):
        adapt("http://localhost {\n\tstamp\n}\n", "", catalogue)


async def test_module_of_the_page_checks_its_fields(catalogue: Catalogue) -> None:
    """What cannot be a header is refused with its place."""
    document, _ = adapt("http://localhost {\n\tstamp ü\n}\n", "", catalogue)

    with pytest.raises(ConfigError, match="letters that a header cannot have"):
        async with Site(document, ALL):
            pass
