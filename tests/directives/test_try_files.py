"""Facts about `try_files`."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.plugin import CaddyfileError
from tests.directives.adapted import warnings
from tests.site import site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A root with a few files, one of them with a name that needs encoding."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "index.html").write_text("index")
    (tmp_path / "50% off?.txt").write_text("longest of all")
    (tmp_path / "dir").mkdir()
    return tmp_path


async def uri(folder: Path, line: str, target: str) -> str:
    """Return the URI after `try_files`."""
    config = f":80 {{\n root * {folder}\n {line}\n respond `{{uri}} {{path}}`\n}}"
    async with site(config) as s:
        response = await s.get(target)
        return response.text or str(response.status)


@pytest.mark.parametrize(
    ("line", "target", "expected"),
    [
        ("try_files {path} /index.html", "/a.txt?x=1", "/a.txt?x=1 /a.txt"),
        ("try_files {path} /index.html", "/nope?x=1", "/index.html?x=1 /index.html"),
        ("try_files {path} {path}/ /index.html", "/dir", "/dir/ /dir/"),
        ("try_files {path} /a.txt?p={path}&{query}", "/x%20y?z", "/a.txt?p=%2Fx+y&z /a.txt"),
        ("try_files /nope?a /a.txt?b /index.html", "/", "/a.txt?b /a.txt"),
        ("try_files {path}", "/nope", "/nope /nope"),
        ("try_files {path} =410", "/nope", "410"),
        ("try_files {path}", "/50%25%20off%3F.txt", "/50%25%20off%3F.txt /50% off?.txt"),
        ("try_files /*.txt {\n policy largest_size\n }", "/", "/50%25%20off%3F.txt /50% off?.txt"),
    ],
)
async def test_first_that_exists(folder: Path, line: str, target: str, expected: str) -> None:
    """The URI becomes the first file that exists; the query stays unless the file has one."""
    assert await uri(folder, line, target) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("try_files", "try_files takes the files to try"),
        ("try_files a {\n policy any\n }", "unrecognized try policy: any"),
        ("try_files a {\n policy first_exist\n policy first_exist\n }", "policy is given twice"),
    ],
)
def test_wrong_lines(line: str, message: str) -> None:
    """A line that cannot be meant is refused with what is wrong."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {line}\n}}")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "try_files a {\npolcy first_exist\n}",
            "ignored; did you mean",
        ),
    ],
)
def test_what_is_too_much_is_warned_of(lines: str, message: str) -> None:
    """Caddy passes over what it does not know."""
    assert [each for each in warnings(lines) if message in each]
