"""examples/basic-auth."""

from __future__ import annotations

from pathlib import Path

from tests.examples.example import example


def test_private_part(tmp_path: Path) -> None:
    """One part is for bob alone, the rest for all."""
    with example("basic-auth", tmp_path) as served:
        assert served.get("/").text == "Nothing to hide here"
        assert served.get("/private/", auth=("bob", "secret")).text == "Hello bob"
        for auth in (None, ("bob", "wrong"), ("eve", "secret")):
            refused = served.get("/private/", auth=auth)
            assert (refused.status_code, refused.text) == (401, "Who are you?")
            assert refused.headers["www-authenticate"] == 'Basic realm="restricted"'
