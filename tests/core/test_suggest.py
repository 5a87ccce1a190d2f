"""core.suggest."""

from __future__ import annotations

import pytest

from snake.core.suggest import suggestion

KNOWN = ("tls", "tls_curves", "tls_insecure_skip_verify", "to")


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("tls_curve", "tls_curves"),
        ("tls_insecure", "tls_insecure_skip_verify"),
        ("tsl", "tls"),
        ("xyzzy", ""),
        ("q", ""),
    ],
)
def test_suggestion(word: str, nearest: str) -> None:
    """The name that a word begins, or else the one most like it, is suggested."""
    assert suggestion(word, KNOWN) == (f'; did you mean "{nearest}"?' if nearest else "")
