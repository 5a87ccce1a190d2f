"""Golden files: a Caddyfile, a line of dashes, and the JSON or the error that it makes.

Each is given to the real Caddy as well: it must print the same text, or refuse as we do.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.cli.adapt import as_text
from snake.standard import catalogue
from tests import caddy

FILES = sorted((Path(__file__).parent / "adapt").glob("*.caddyfiletest"))
SNAKES_OWN = ("python", "dns_providers")
"""Caddy itself, without plugins, does not know what is in files whose names begin so."""


def parts(file: Path) -> tuple[str, str]:
    """Return the Caddyfile and what is expected of it."""
    text, dashes, expected = file.read_text().partition("\n----------\n")
    assert dashes, "there is no line of ten dashes"
    return f"{text}\n", expected.strip()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden_file(file: Path) -> None:
    """A Caddyfile makes the JSON, to the letter, or the error that stands below it."""
    text, expected = parts(file)

    if expected.startswith("{"):
        document, _ = adapt(text, "Caddyfile", catalogue())
        assert as_text(document, pretty=True) == expected
    else:
        with pytest.raises(CaddyfileError) as raised:
            adapt(text, "Caddyfile", catalogue())
        assert expected in str(raised.value)


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if not file.stem.startswith(SNAKES_OWN)],
    ids=lambda file: file.stem,
)
def test_golden_file_is_what_caddy_says(file: Path, tmp_path: Path) -> None:
    """The real Caddy prints the same JSON, or refuses the same Caddyfile."""
    text, expected = parts(file)
    (tmp_path / "Caddyfile").write_text(text)

    theirs = caddy.adapt(tmp_path / "Caddyfile", pretty=True)

    if expected.startswith("{"):
        assert theirs.text.strip() == expected, theirs.error
    else:
        assert theirs.refused
