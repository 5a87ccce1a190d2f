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


@pytest.mark.slow
def test_site_is_built(tmp_path: Path) -> None:
    """All words have a page, all markup was understood, and no page loads anything from elsewhere.

    What mkdocs warns of is an error: a page outside the nav, a link or an anchor that is not there.
    """
    if find_spec("mkdocs") is None or find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed; make site installs it")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    texts = {path: path.read_text() for path in tmp_path.rglob("index.html")}
    reference = "".join(texts[path] for path in texts if path.is_relative_to(tmp_path / "json"))
    styles = [path.read_text() for path in tmp_path.rglob("*.css")]
    words = [f"directives/{name}" for name in DIRECTIVES] + [
        f"matchers/{name}" for name in MATCHERS
    ]

    assert [word for word in words if tmp_path / word / "index.html" not in texts] == []
    assert [id for id in MODULES if f"<code>{id}</code>" not in reference] == []
    assert [str(path) for path, text in texts.items() if MARKUP.search(shown(text))] == []
    assert [str(path) for path, text in texts.items() if ELSEWHERE.search(text)] == []
    assert [text for text in styles if re.search(r"url\([\"']?(?:https?:)?//", text)] == []


MARKUP = re.compile(r"```|<!-- (?:chart|table|list)|\]\[|\]\([a-z.]")
"""What is left of Markdown that was not understood."""
ELSEWHERE = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=[\"']?(?:https?:)?//|"
    r"<link(?![^>]*canonical)[^>]+href=[\"']?(?:https?:)?//"
)
"""What a browser would ask another server for."""


def shown(page: str) -> str:
    """Return a page without code, scripts and comments."""
    return unescape(re.sub(r"<(code|pre|script)\b.*?</\1>", "", page, flags=re.DOTALL))


def test_placeholders_are_there() -> None:
    """Each placeholder of a request that the page about them names is known."""
    page = (ROOT / "docs/caddyfile/placeholders.md").read_text()
    names = re.findall(r"\{(http\.[^}*]+)\}", page)

    assert names
    assert [name for name in names if lookup(name) is None] == []
