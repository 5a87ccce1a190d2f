"""The file matcher."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from snake.core.errors import ConfigError
from snake.http.errors import HandlerError
from tests.matchers.matching import matches, provisioned, request


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with files, a folder, and a script."""
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / "b.txt").write_text("22")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/index.php").write_text("")
    (tmp_path / "[x]*.txt").write_text("odd")
    os.utime(tmp_path / "a.txt", (2_000_000_000, 2_000_000_000))
    return tmp_path


@pytest.mark.parametrize(
    ("files", "target", "found"),
    [
        (None, "/a.txt", "/a.txt"),
        (None, "/dir", None),
        (["{http.request.uri.path}/"], "/dir", "/dir/"),
        (["{http.request.uri.path}/"], "/dir/", "/dir/"),
        (["{http.request.uri.path}/"], "/a.txt", None),
        (["none", "b.txt", "a.txt"], "/", "/b.txt"),
        (["n*.txt", "b*.txt"], "/", "/b.txt"),
        (["*/index.php"], "/", "/dir/index.php"),
        (["{http.request.uri.path}"], "/%5Bx%5D%2A.txt", "/[x]*.txt"),
        (["{http.request.uri.path}"], "/*.txt", None),
        (["{http.request.uri.path}*"], "/%5Bx%5D", "/[x]*.txt"),
        (["{http.request.uri.path}"], "/../{}/a.txt", None),
        (["{http.request.uri.path}"], "/%00", None),
        (["none"], "/", None),
    ],
)
async def test_first_that_exists_is_found(
    root: Path, files: list[str] | None, target: str, found: str | None
) -> None:
    """Files and folders are told apart by a slash; globs come from the config alone."""
    config: dict[str, Any] = {"root": str(root)} | ({"try_files": files} if files else {})
    match = await provisioned(file=config)
    asked = request(target.replace("{}", root.name))

    assert match(asked) is (found is not None)
    if found is not None:
        assert asked.values == {
            "http.matchers.file.relative": found,
            "http.matchers.file.absolute": f"{root}{found}",
            "http.matchers.file.type": "directory" if found.endswith("/") else "file",
            "http.matchers.file.remainder": "",
        }


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ("first_exist", "/b.txt"),
        ("smallest_size", "/a.txt"),
        ("largest_size", "/[x]*.txt"),
        ("most_recently_modified", "/a.txt"),
    ],
)
async def test_policy_chooses(root: Path, policy: str, found: str) -> None:
    """Of several that exist, the policy says which."""
    config = {"root": str(root), "try_files": ["b.txt", "*.txt"], "try_policy": policy}
    match = await provisioned(file=config)
    asked = request()

    assert match(asked)
    assert (asked.values or {})["http.matchers.file.relative"] == found


async def test_status_ends_the_request(root: Path) -> None:
    """An item like =410 fails the request with that status when nothing before it exists."""
    match = await provisioned(file={"root": str(root), "try_files": ["none", "=410"]})

    with pytest.raises(HandlerError) as caught:
        match(request())
    assert (caught.value.status, caught.value.message) == (410, "410")


@pytest.mark.parametrize(
    ("target", "relative", "remainder"),
    [
        ("/dir/index.php/a/b", "/dir/index.php", "/a/b"),
        ("/dir/INDEX.php", None, ""),
        ("/dir/index.php", "/dir/index.php", ""),
        ("/dir/index.phpx/a", None, ""),
    ],
)
async def test_path_is_split(root: Path, target: str, relative: str | None, remainder: str) -> None:
    """A delimiter at the end of a segment cuts off what follows."""
    match = await provisioned(file={"root": str(root), "split_path": [".php"]})
    asked = request(target)

    assert match(asked) is (relative is not None)
    if relative:
        assert (asked.values or {})["http.matchers.file.relative"] == relative
        assert (asked.values or {})["http.matchers.file.remainder"] == remainder


async def test_root_of_the_site_is_the_default(root: Path) -> None:
    """Without a root of its own the matcher looks below the site's."""
    match = await provisioned(file={})
    asked = request("/a.txt")
    asked.vars["root"] = str(root)

    assert match(asked)
    assert not await matches({"file": {}}, "/a.txt")


async def test_wrong_policy_is_refused() -> None:
    """A policy that is none is refused."""
    with pytest.raises(ConfigError, match="unknown try policy biggest"):
        await provisioned(file={"try_policy": "biggest"})


async def test_disk_is_asked_last(root: Path) -> None:
    """A request that another matcher of the set refuses leaves nothing of a file behind."""
    match = await provisioned(file={"root": str(root), "try_files": ["a.txt"]}, path=["/asked"])
    refused, taken = request("/other"), request("/asked")

    assert not match(refused)
    assert refused.values is None
    assert match(taken)
    assert taken.values is not None
