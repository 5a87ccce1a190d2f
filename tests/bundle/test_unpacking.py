"""Unpacking an app: what a zip or a folder may hold, and what is refused."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest

from snake.bundle import unpacking
from snake.bundle.unpacking import unpack
from snake.core.errors import SnakeError


def zipped(tmp_path: Path, files: dict[str, str]) -> Path:
    """Return a zip with these files."""
    path = tmp_path / "app.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def unpacked(source: Path, tmp_path: Path) -> dict[str, str]:
    """Unpack, and return what is there then."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    unpack(source, folder, tmp_path / "program")
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def refusal(source: Path, tmp_path: Path) -> str:
    """Return why something is not unpacked; nothing is then outside of the folder."""
    before = set(tmp_path.iterdir())
    with pytest.raises(SnakeError) as caught:
        unpacked(source, tmp_path)
    assert set(tmp_path.iterdir()) - before <= {tmp_path / "unpacked"}
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_zip_is_unpacked(tmp_path: Path) -> None:
    """The files of a zip are there, in their folders, and a program stays one."""
    source = zipped(tmp_path, {"main.py": "app", "pages/a.html": "<p>", "run.sh": "#!"})
    with zipfile.ZipFile(source, "a") as archive:
        script = zipfile.ZipInfo("tool")
        script.external_attr = (stat.S_IFREG | 0o755) << 16
        archive.writestr(script, "#!/bin/sh")

    files = unpacked(source, tmp_path)

    assert files == {"main.py": "app", "pages/a.html": "<p>", "run.sh": "#!", "tool": "#!/bin/sh"}
    assert os.access(tmp_path / "unpacked/tool", os.X_OK)
    assert not os.access(tmp_path / "unpacked/main.py", os.X_OK)


def test_zip_of_a_repository_has_one_folder(tmp_path: Path) -> None:
    """Where all lies in one folder, the app is what is in it; a package stays one."""
    source = zipped(tmp_path, {"app-main/main.py": "1", "app-main/app-main/x.py": "2"})

    assert unpacked(source, tmp_path) == {"main.py": "1", "app-main/x.py": "2"}


def test_zip_of_a_package_keeps_it(tmp_path: Path) -> None:
    """A zip that is one package is not taken apart."""
    source = zipped(tmp_path, {"shop/__init__.py": "1"})
    assert "shop/__init__.py" in unpacked(source, tmp_path)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../evil.py", 'is not in the app\'s folder: its path has ".." or a backslash'),
        ("a/../../evil.py", 'is not in the app\'s folder: its path has ".." or a backslash'),
        ("..\\evil.py", 'is not in the app\'s folder: its path has ".." or a backslash'),
        ("/etc/evil.py", "is not in the app's folder: its path is absolute"),
        ("C:/evil.py", "is not in the app's folder: its path is absolute"),
        ("a\nb.py", "is no name of a file"),
    ],
)
def test_name_that_leads_out_is_refused(tmp_path: Path, name: str, told: str) -> None:
    """A zip whose names lead out of the app's folder is not unpacked, and the name is told."""
    source = zipped(tmp_path, {name: "evil"})
    assert refusal(source, tmp_path) == f"app.zip: {name!r} {told}"


def test_link_is_refused(tmp_path: Path) -> None:
    """A symbolic link in a zip could lead anywhere."""
    source = zipped(tmp_path, {"main.py": ""})
    with zipfile.ZipFile(source, "a") as archive:
        link = zipfile.ZipInfo("passwd")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")

    assert "'passwd' is a symbolic link; make the zip with what it leads to" in refusal(
        source, tmp_path
    )


def test_encrypted_zip_is_refused(tmp_path: Path) -> None:
    """An encrypted entry is told as such, before anything is read of it."""
    source = zipped(tmp_path, {"main.py": "x"})
    data = bytearray(source.read_bytes())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1
    source.write_bytes(data)

    assert refusal(source, tmp_path).endswith(
        "'main.py' is encrypted; make the zip without a password"
    )


def test_large_zip_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip that says that it is larger than an app may be is not begun."""
    monkeypatch.setattr(unpacking, "LARGEST", 1000)
    source = zipped(tmp_path, {"zeros": "0" * 1001})

    assert '"app.zip" is too large' in refusal(source, tmp_path)
    assert list((tmp_path / "unpacked").iterdir()) == []


def test_zip_that_lies_of_a_size_is_refused(tmp_path: Path) -> None:
    """A size that is not the true one does not let more come than it says."""
    source = zipped(tmp_path, {"zeros": "0" * 100_000})
    data = bytearray(source.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    source.write_bytes(data)

    assert "app.zip" in refusal(source, tmp_path)
    assert (tmp_path / "unpacked/zeros").stat().st_size <= 10


def test_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More files than an app may have are not begun."""
    monkeypatch.setattr(unpacking, "MOST", 1)
    assert "is too large" in refusal(zipped(tmp_path, {"a": "", "b": ""}), tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_same_name_twice_is_refused(tmp_path: Path) -> None:
    """Of two files with one name nobody knows which is meant."""
    source = zipped(tmp_path, {"main.py": "1"})
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr("main.py", "2")

    assert refusal(source, tmp_path).endswith("'main.py' is in it twice")


def test_damaged_zips_are_refused(tmp_path: Path) -> None:
    """What is no zip, half of one, or one that is damaged is told in a line."""
    source = zipped(tmp_path, {"main.py": "some text that is stored" * 50})
    whole = source.read_bytes()
    for data in (b"", b"hello", whole[: len(whole) // 2], whole[:45] + b"\xff\xff" + whole[47:]):
        source.write_bytes(data)
        told = refusal(source, tmp_path)
        (tmp_path / "unpacked/main.py").unlink(missing_ok=True)
        (tmp_path / "unpacked").rmdir()
        assert told.startswith('"app.zip" '), told
        assert "\n" not in told


def test_nothing_is_no_app(tmp_path: Path) -> None:
    """A path that is not there, an empty zip and an empty folder are told."""
    empty = tmp_path / "empty"
    empty.mkdir()
    target = tmp_path / "unpacked"
    target.mkdir()
    for source, told in (
        (tmp_path / "no.zip", "does not exist; it takes a zip or a folder"),
        (zipped(tmp_path, {}), "is empty"),
        (empty, "has no files"),
        (Path(os.devnull), "is neither a zip nor a folder"),
    ):
        with pytest.raises(SnakeError, match=told):
            unpack(source, target, tmp_path / "program")


def test_folder_is_copied_without_what_is_not_the_apps(tmp_path: Path) -> None:
    """A folder's caches, its repository, its venv and the program of last time are left out."""
    source = tmp_path / "app"
    for name in (
        "main.py",
        ".git/config",
        "__pycache__/a.pyc",
        "env/pyvenv.cfg",
        "env/a.py",
        "a/b.py",
    ):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (source / "linked.py").symlink_to("main.py")
    (source / "program").write_text("of last time")
    target = tmp_path / "target"

    unpack(source, target, source / "program")

    files = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert files == {"main.py", "a/b.py", "linked.py"}
    assert not (target / "linked.py").is_symlink()


def test_links_of_a_folder_lead_to_files(tmp_path: Path) -> None:
    """A link to a folder, which could be one that it is in, and one that leads nowhere are told."""
    source = tmp_path / "app"
    source.mkdir()
    for leads, told in ((".", "is a link to a folder"), ("nowhere", "leads to nowhere")):
        (source / "link").symlink_to(leads)
        with pytest.raises(SnakeError, match=told):
            unpack(source, tmp_path / "target", tmp_path / "program")
        (source / "link").unlink()
