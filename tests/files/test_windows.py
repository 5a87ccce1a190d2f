"""Names that mean another file on Windows."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.files import static
from snake.files.windows import windows_fault
from tests.directives.static_site import serving, write_files


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/", ""),
        ("/dir/a.txt", ""),
        ("/dir/../a.txt", ""),
        ("/dir/./a.txt", ""),
        ("/.hidden/.env", ""),
        ("/a.b.c", ""),
        ("/a long name with a ~ in it.txt", ""),
        ("/console.txt", ""),
        ("/company/com10/lpt/null.txt", ""),
        ("/secret.txt::$DATA", "ADS"),
        ("/dir:stream", "ADS"),
        ("/c:/windows", "ADS"),
        ("/..\\secret", "backslash"),
        ("/dir\\a.txt", "backslash"),
        ("/secret.txt.", "end of a name"),
        ("/secret.txt ", "end of a name"),
        ("/secret. /a.txt", "end of a name"),
        ("/.../a.txt", ""),
        ("/SECRET~1.TXT", "short name"),
        ("/secret~1/a.txt", "short name"),
        ("/con", "device"),
        ("/dir/NUL.txt", "device"),
        ("/aux.tar.gz", "device"),
        ("/COM1", "device"),
        ("/lpt9.log", "device"),
        ("/com\xb2", "device"),
        ("/prn .txt", "device"),
        ("/conin$", "device"),
    ],
)
def test_names_that_are_not_what_they_seem(path: str, fault: str) -> None:
    """Streams, short names, devices and what Windows drops are told; other names are not."""
    assert fault in windows_fault(path)
    assert bool(windows_fault(path)) is bool(fault)


async def test_there_they_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, such a path is a 400; elsewhere a colon is a character."""
    root = write_files(tmp_path)
    (root / "a:b").write_text("colon")
    async with serving(root) as s:
        assert (await s.get("/a:b")).body == b"colon"
        monkeypatch.setattr(static, "WINDOWS", True)
        assert (await s.get("/a:b")).status == 400
        assert (await s.get("/a.txt")).status == 200
