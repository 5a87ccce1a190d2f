"""Hidden files."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.files.hide import hidden_by, hides
from tests.matchers.matching import request


@pytest.mark.parametrize(
    ("entry", "name", "expected"),
    [
        (".git", "/srv/.git", True),
        (".git", "/srv/.git/config", True),
        (".git", "/srv/.github", False),
        ("*.bak", "/srv/a/x.bak", True),
        ("*.bak", "/srv/x.bak/y", True),
        ("/srv/private", "/srv/private", True),
        ("/srv/private", "/srv/private/x/y", True),
        ("/srv/private", "/srv/privateer", False),
        ("/srv/*/secret", "/srv/a/secret", True),
        ("/srv/*/secret", "/srv/a/b/secret", False),
        ("/srv/./private/", "/srv/private", True),
        ("Secret", "/srv/secret", False),
    ],
)
def test_entry_hides(entry: str, name: str, *, expected: bool) -> None:
    """A plain name hides everywhere, a path only there and below."""
    assert hides((entry,))(name) is expected


def test_relative_entries_begin_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`./Caddyfile` is the file in the working directory, however it is asked for."""
    monkeypatch.chdir(tmp_path)
    hidden = hides(("./Caddyfile-of-a-test",))

    assert hidden("Caddyfile-of-a-test")
    assert hidden(str(tmp_path / "Caddyfile-of-a-test"))
    assert not hidden("sub/Caddyfile-of-a-test")


def test_placeholders_are_filled_in() -> None:
    """Entries may depend on the request."""
    hidden = hidden_by(["/srv/{http.request.host}", ".env"])

    assert hidden("/srv/example.com/x", request())
    assert hidden("/srv/.env", request())
    assert not hidden("/srv/other.com/x", request())
