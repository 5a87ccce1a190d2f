"""What the documentation shows in a console happens."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, blocks
from tests.docs.tutorial import Tutorial, matches

FOLLOWED = [page for page in PAGES if any(each.language == "console" for each in blocks(page))]

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.stem)
def test_page_can_be_followed(page: Path, tmp_path: Path) -> None:
    """Whoever writes the files of a page and types its commands sees what it shows."""
    Tutorial(page, tmp_path).follow()


def test_output_is_compared_line_by_line() -> None:
    """What a page shows is what is printed, but for what `...` stands for."""
    assert matches("one\ntwo", "one \r\ntwo\n")
    assert matches("a ... d\n...\nend", "a b c d\nx\ny\nend\n")
    assert matches("...\nend", "end\n")
    assert not matches("one", "one\ntwo\n")
    assert not matches("one.", "one!\n")
