"""Golden files: a Caddyfile, a line of dashes, and the JSON or the error that it makes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.config.document import encode
from snake.standard import catalogue

FILES = sorted((Path(__file__).parent / "adapt").glob("*.caddyfiletest"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden_file(file: Path) -> None:
    """A Caddyfile makes the JSON, or the error, that stands below it."""
    text, dashes, expected = file.read_text().partition("\n----------\n")
    assert dashes, "there is no line of ten dashes"

    if expected.lstrip().startswith("{"):
        document, _ = adapt(f"{text}\n", "Caddyfile", catalogue())
        assert json.loads(encode(document)) == json.loads(expected)
    else:
        with pytest.raises(CaddyfileError) as raised:
            adapt(f"{text}\n", "Caddyfile", catalogue())
        assert expected.strip() in str(raised.value)
