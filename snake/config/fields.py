"""What each field of the document is, in a sentence: for editors, and for the reference."""

from __future__ import annotations

import tomllib
from pathlib import Path


def descriptions() -> dict[str, dict[str, str]]:
    """Return a sentence for each field, by the name of its definition in the JSON Schema."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found
