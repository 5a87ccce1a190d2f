"""Listings, and the records that are made of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from snake.files.browse.kinds import kind_of
from snake.files.browse.listing import Item, Listing, go_mode, list_entries
from snake.files.browse.records import as_json, as_text
from snake.files.browse.words import shown, words_of
from snake.files.filesystem import DISK

NANOSECONDS = 1_000_000_000


def listing(folder: Path, path: str = "/some%20where/") -> Listing:
    """List a folder of the disk."""
    return list_entries(path, 0, DISK.entries(str(folder)))


def names(items: Iterable[Item]) -> list[str]:
    """Return the names of items."""
    return [item.name for item in items]


def item(name: str = "a", modified_ns: int = 0) -> Item:
    """Return a file of this name."""
    return Item(name, 1, f"./{name}", modified_ns, 0o644, is_dir=False, is_symlink=False)


def test_folder_is_summed_up(tmp_path: Path) -> None:
    """Folders and files are counted, links by their own size and by that of their targets."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "a").write_bytes(b"x" * 1000)
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "c").symlink_to("dir")
    (tmp_path / "d").symlink_to("nowhere")
    (tmp_path / "e").symlink_to("e")
    found = listing(tmp_path)

    assert (found.num_dirs, found.num_files) == (2, 4)
    assert found.total_file_size == 1000 + len("a") + len("nowhere") + len("e")
    assert found.total_file_size_following_symlinks == 2000 + len("nowhere") + len("e")
    assert found.modified_ns == max(os.lstat(tmp_path / name).st_mtime_ns for name in "abcde")


def test_way_to_a_folder_is_decoded() -> None:
    """Each step has a relative link, and the name that people know."""
    found = Listing("/a%20b/c%2Fd/e", [], 0)

    assert found.name == "e"
    assert found.breadcrumbs == [
        ("../../../", "/"),
        ("../../", "a b"),
        ("../", "c/d"),
        ("", "e"),
    ]
    assert Listing("/", [], 0).breadcrumbs == [("", "/")]
    assert Listing("/", [], 0).name == "/"
    assert not Listing("/", [], 0).can_go_up


@pytest.mark.parametrize(
    ("mode", "bits"),
    [
        (stat.S_IFREG | 0o644, 0o644),
        (stat.S_IFDIR | 0o1777, 1 << 31 | 1 << 20 | 0o777),
        (stat.S_IFLNK | 0o777, 1 << 27 | 0o777),
        (stat.S_IFREG | 0o6755, 1 << 23 | 1 << 22 | 0o755),
        (stat.S_IFCHR | 0o600, 1 << 26 | 1 << 21 | 0o600),
        (stat.S_IFBLK | 0o600, 1 << 26 | 0o600),
        (stat.S_IFSOCK | 0o755, 1 << 24 | 0o755),
        (stat.S_IFIFO | 0o600, 1 << 25 | 0o600),
    ],
)
def test_mode_is_that_of_go(mode: int, bits: int) -> None:
    """The bits are those of `fs.FileMode`."""
    assert go_mode(mode) == bits


@pytest.mark.parametrize(
    ("time", "written"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_577_934_245_678_000_000, "2020-01-02T03:04:05.678Z"),
        (1_577_934_245_000_000_001, "2020-01-02T03:04:05.000000001Z"),
        (10**15 * NANOSECONDS, "9999-12-31T23:59:59Z"),
    ],
)
def test_time_has_the_digits_that_count(time: int, written: str) -> None:
    """A time has nanoseconds, without zeros at its end; one beyond all calendars is their last."""
    (record,) = msgspec.json.decode(as_json([item(modified_ns=time)]))

    assert record["mod_time"] == written


def test_names_that_are_no_text_are_written_as_far_as_they_are(tmp_path: Path) -> None:
    """A byte that is no UTF-8 is U+FFFD in JSON, and itself in the address and in text."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff\xfe.txt")).touch()
    items = listing(tmp_path).items

    assert b'"name":"bad\\ufffd\\ufffd.txt"' in as_json(items)
    assert b'"url":"./bad%FF%FE.txt"' in as_json(items)
    assert b"\nbad\xff\xfe.txt\t0 B\t" in as_text(items)
    assert shown(items[0].name) == "bad\ufffd\ufffd.txt"


def test_lines_are_not_broken_by_names() -> None:
    """A character that would begin a line or a column is a question mark."""
    lines = as_text([item("a\nb\tc\rd\x1b[31m")]).decode().splitlines()

    assert len(lines) == 3
    assert lines[2].startswith("a?b?c?d?[31m\t1 B")


def test_what_is_not_seen_is_shown() -> None:
    """Control characters are written as Python writes them."""
    assert shown("a\nb\tc\x1bd\x7f") == r"a\nb\tc\x1bd\x7f"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/", "folder"),
        ("a.PNG", "image"),
        ("a.tar.gz", "archive"),
        (".png", "file"),
        ("Makefile", "code"),
        ("README", "text"),
        ("a", "file"),
        ("a.", "file"),
    ],
)
def test_kind_is_told_by_the_name(name: str, kind: str) -> None:
    """The extension counts, in any case."""
    assert kind_of(name) == kind


def test_links_keep_what_they_do_not_change() -> None:
    """A link to another order keeps the layout, the filter and the limit."""
    found = Listing("/", [item("a"), item("b")], 0)
    found.layout = "grid"
    found.cut(0, 1)
    words = words_of(found, "x&y")

    assert words["link"](sort="size") == "?layout=grid&limit=1&filter=x%26y&sort=size"
    assert words["link"](layout="list", limit=0) == "?layout=list&filter=x%26y"
    assert names(found.items) == ["a"]
