"""Validators of files."""

from __future__ import annotations

import pytest

from snake.files.validators import validators


def test_tag_is_time_and_size_in_base_36() -> None:
    """The tag is the one that Caddy makes, so that caches outlive a change of server."""
    found = validators(1_577_934_245_678_000_000, 11)

    assert found.etag == '"bzkz0979s0ow-b"'
    assert found.modified == 1_577_934_245
    assert found.last_modified == b"Thu, 02 Jan 2020 03:04:05 GMT"


@pytest.mark.parametrize("seconds", [0, 1])
def test_times_of_archives_validate_nothing(seconds: int) -> None:
    """A file from the first seconds of 1970 has neither a tag nor a date."""
    assert validators(seconds * 1_000_000_000 + 5, 11) == ("", None, b"")


def test_old_files_have_a_tag() -> None:
    """A time before 1970 is a time."""
    assert validators(-1_000_000_000, 0).etag == '"-gjdgxs-0"'
