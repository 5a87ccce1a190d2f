"""Content types by extension."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.files.mime import content_type, read_types


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/srv/index.html", b"text/html; charset=utf-8"),
        ("a.JS", b"text/javascript; charset=utf-8"),
        ("a.json", b"application/json"),
        ("a.tar.gz", b"application/gzip"),
        ("a.svg", b"image/svg+xml"),
        (".css", b"text/css; charset=utf-8"),
        ("a.unknown-extension", None),
        ("README", None),
        ("/dir.html/file", None),
        ("a.", None),
    ],
)
def test_extension_tells_the_type(name: str, expected: bytes | None) -> None:
    """The last extension counts, in any case; without one there is no type."""
    assert content_type(name) == expected


def test_shared_database_adds_types(tmp_path: Path) -> None:
    """The first line for an extension counts; what is built in stays; globs are left out."""
    (tmp_path / "globs2").write_text(
        "# comment\n80:text/x-one:*.one\n50:text/x-two:*.one\n50:text/other:*.html\n"
        "50:x/glob:*.a?\n50:x/name:Makefile\n50:application/x-b:*.b:cs\nbroken\n"
    )
    table = read_types((tmp_path / "none", tmp_path / "globs2"), (tmp_path / "mime.types",))

    assert table[".one"] == b"text/x-one; charset=utf-8"
    assert table[".html"] == b"text/html; charset=utf-8"
    assert table[".b"] == b"application/x-b"
    assert ".a?" not in table


def test_mime_types_are_read_without_a_database(tmp_path: Path) -> None:
    """Where there is no shared database, every mime.types file is read, and replaces types."""
    (tmp_path / "mime.types").write_text(
        "# comment\ntext/x-one one uno # more\nx/html html\nx/none\n"
    )
    table = read_types((tmp_path / "none",), (tmp_path / "mime.types", tmp_path / "missing"))

    assert table[".uno"] == b"text/x-one; charset=utf-8"
    assert table[".html"] == b"x/html"
