"""The site of the documentation is built as `make site` builds it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import unescape
from importlib.util import find_spec
from pathlib import Path

import pytest

from snake.http.placeholders import lookup
from snake.standard import DIRECTIVES, MATCHERS, MODULES
from tests.docs.blocks import ROOT

HERE = {"127.0.0.1", "localhost", "example.com"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. What mkdocs warns of is an error: a link or an anchor that is not there."""
    if find_spec("mkdocs") is None or find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed; make site installs it")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_every_word_has_a_page(site: Path) -> None:
    """Each directive, matcher and module is on the site, by its name."""
    missing = [name for name in DIRECTIVES if not (site / f"directives/{name}/index.html").exists()]
    missing += [name for name in MATCHERS if not (site / f"matchers/{name}/index.html").exists()]
    reference = "".join(path.read_text() for path in site.glob("json/**/*.html"))

    assert missing == []
    assert [id for id in MODULES if f"<code>{id}</code>" not in reference] == []


@pytest.mark.slow
def test_visitors_are_told_to_no_other_server(site: Path) -> None:
    """No page loads a font, a script, a style or a picture from elsewhere."""
    loads = re.compile(
        r'<(?:script|img|iframe|source)[^>]+src="(https?:)?//|<link[^>]+href="https?://(?![^"]*"[^>]*canonical)'
    )
    found = [str(path) for path in site.rglob("index.html") if loads.search(path.read_text())]

    assert found == []
    assert [
        path.name for path in site.rglob("*.css") if "fonts.googleapis" in path.read_text()
    ] == []


@pytest.mark.slow
def test_nothing_of_the_markup_is_left(site: Path) -> None:
    """Fences, marks of charts and tables, and reference links were all understood."""
    for path in site.rglob("index.html"):
        text = re.sub(r"<(code|pre|script)\b.*?</\1>", "", path.read_text(), flags=re.DOTALL)
        assert not re.search(r"```|<!-- (?:chart|table|list)|\]\[|\]\([a-z.]", unescape(text)), path


def test_placeholders_are_there() -> None:
    """Each placeholder of a request that the page about them names is known."""
    page = (ROOT / "docs/caddyfile/placeholders.md").read_text()
    names = re.findall(r"\{(http\.[^}*]+)\}", page)

    assert names
    assert [name for name in names if lookup(name) is None] == []
