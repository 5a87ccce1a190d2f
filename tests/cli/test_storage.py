"""`snake storage`."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cache.serving import NO_REDIS, REDIS, redis
from tests.caddy import binary
from tests.server import free_port, run

LONG = "x" * 200


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A folder of Caddy's with some values in it."""
    for key, value in {
        "certificates/local/a.com/a.com.crt": b"certificate",
        "certificates/local/a.com/a.com.key": bytes(range(256)),
        f"acme/{LONG}/users/default/default.json": b"{}",
        "empty": b"",
        "locks/issue_cert_a.com.lock": b"{}",
    }.items():
        path = tmp_path / "filled" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value)
    write(tmp_path / "filled.caddyfile", f"storage file_system {tmp_path / 'filled'}")
    write(tmp_path / "other.caddyfile", f"storage file_system {tmp_path / 'other'}")
    return tmp_path / "filled"


def write(path: Path, option: str) -> None:
    """Write a Caddyfile with one option."""
    path.write_text(f"{{\n{option}\n}}\n")


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in a folder, but locks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "locks" not in path.parts
    }


def caddy(*args: str, folder: Path) -> None:
    """Run a command of Caddy."""
    subprocess.run(
        [binary(), *args], cwd=folder, env={"HOME": str(folder)}, check=True, capture_output=True
    )


def test_archive_of_snake_for_caddy(filled: Path, tmp_path: Path) -> None:
    """Caddy imports what snake has exported."""
    done = run("storage", "export", "-c", "filled.caddyfile", "-o", "a.tar", folder=tmp_path)
    assert done.stdout == "Exported 4 values to a.tar\n"
    assert (tmp_path / "a.tar").stat().st_mode & 0o777 == 0o600

    caddy("storage", "import", "--config", "other.caddyfile", "--input", "a.tar", folder=tmp_path)
    assert contents(tmp_path / "other") == contents(filled)


def test_archive_of_caddy_for_snake(filled: Path, tmp_path: Path) -> None:
    """Snake imports what Caddy has exported; locks are left out."""
    caddy("storage", "export", "--config", "filled.caddyfile", "--output", "a.tar", folder=tmp_path)
    done = run("storage", "import", "-c", "other.caddyfile", "-i", "a.tar", folder=tmp_path)

    assert done.stdout == "Imported 4 values\n"
    assert contents(tmp_path / "other") == contents(filled)
    assert not (tmp_path / "other" / "locks").exists()
    for path in (tmp_path / "other").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_archives_are_the_same(filled: Path, tmp_path: Path) -> None:
    """The headers are those that Caddy writes."""
    run("storage", "export", "-c", "filled.caddyfile", "-o", "a.tar", folder=tmp_path)
    (filled / "locks" / "issue_cert_a.com.lock").unlink()
    caddy("storage", "export", "--config", "filled.caddyfile", "--output", "b.tar", folder=tmp_path)

    def members(name: str) -> list[object]:
        with tarfile.open(tmp_path / name) as archive:
            return [
                (each.name, each.mode, each.size, each.mtime, each.type, each.uid, each.uname)
                for each in archive
            ]

    assert members("a.tar") == members("b.tar")


def test_pipe(filled: Path, tmp_path: Path) -> None:
    """Archives come from stdin and go to stdout."""
    archive = subprocess.run(
        ["snake", "storage", "export", "-c", "filled.caddyfile", "-o", "-"],
        executable=str(Path(binary()).parent / "snake"),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    ).stdout
    subprocess.run(
        ["snake", "storage", "import", "-c", "other.caddyfile", "-i", "-"],
        executable=str(Path(binary()).parent / "snake"),
        cwd=tmp_path,
        check=True,
        input=archive,
        capture_output=True,
    )
    assert contents(tmp_path / "other") == contents(filled)


def test_default_folder(tmp_path: Path) -> None:
    """Without the option it is the folder that Caddy has in the same environment."""
    write(tmp_path / "a.caddyfile", "debug")
    for index, env in enumerate(
        ({"XDG_DATA_HOME": str(tmp_path / "data")}, {"HOME": str(tmp_path), "XDG_DATA_HOME": ""})
    ):
        folder = tmp_path / ("data" if index == 0 else ".local/share") / "caddy"
        folder.mkdir(parents=True)
        (folder / "value").write_bytes(b"1")
        done = run(
            "storage", "export", "-c", "a.caddyfile", "-o", "a.tar", folder=tmp_path, env=env
        )
        assert done.stdout == "Exported 1 values to a.tar\n", done.stderr


@pytest.mark.skipif(REDIS is None, reason=NO_REDIS)
def test_from_a_folder_to_redis(filled: Path, tmp_path: Path) -> None:
    """A storage moves from one kind to another."""
    port = free_port()
    option = f"storage redis {{\naddress 127.0.0.1:{port}\npassword p@ss:word\n}}"
    write(tmp_path / "redis.caddyfile", option)
    with redis("--port", str(port)):
        for command, config in (
            ("export", "filled"),
            ("import", "redis"),
            ("export", "redis"),
            ("import", "other"),
        ):
            flag = "-o" if command == "export" else "-i"
            done = run(
                "storage", command, "-c", f"{config}.caddyfile", flag, "a.tar", folder=tmp_path
            )
            assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "other") == contents(filled)


def added(archive: tarfile.TarFile, name: str, value: bytes = b"x", **fields: object) -> None:
    """Add something to an archive."""
    member = tarfile.TarInfo(name)
    member.size = len(value)
    for field, given in fields.items():
        setattr(member, field, given)
    archive.addfile(member, io.BytesIO(value))


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (lambda tar: added(tar, "../evil"), "no key of a storage: '../evil'"),
        (lambda tar: added(tar, "/etc/evil"), "no key of a storage: '/etc/evil'"),
        (lambda tar: added(tar, "a/../../evil"), "no key of a storage"),
        (lambda tar: added(tar, "a\\..\\evil"), "no key of a storage"),
        (
            lambda tar: added(tar, "a", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
            "something that is no file: 'a'",
        ),
        (
            lambda tar: added(tar, "a", b"", type=tarfile.LNKTYPE, linkname="ok"),
            "something that is no file: 'a'",
        ),
        (lambda tar: added(tar, "a", b"", type=tarfile.FIFOTYPE), "something that is no file"),
        (lambda tar: added(tar, "a", bytes((16 << 20) + 1)), "larger than a value may be"),
    ],
)
def test_archive_that_is_refused(
    filled: Path, tmp_path: Path, add: Callable[[tarfile.TarFile], None], message: str
) -> None:
    """Of an archive with anything in it that is no value of a storage, nothing is imported."""
    del filled
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        added(archive, "ok")
        add(archive)
    done = run("storage", "import", "-c", "other.caddyfile", "-i", "a.tar", folder=tmp_path)

    assert done.returncode == 1
    assert message in done.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("size", [0, 100, 512, 700, 1024, 1536])
def test_archive_that_is_cut_off(filled: Path, tmp_path: Path, size: int) -> None:
    """A part of an archive is refused, wherever it ends."""
    del filled
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        added(archive, "ok", bytes([1]) * 600)
    whole = (tmp_path / "a.tar").read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[:size])
    done = run("storage", "import", "-c", "other.caddyfile", "-i", "a.tar", folder=tmp_path)

    assert done.returncode == 1
    assert "archive" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("export", "-o", "a.tar"), "Missing option '-c'"),
        (("export", "-c", "filled.caddyfile"), "Missing option '-o'"),
        (("import", "-c", "filled.caddyfile"), "Missing option '-i'"),
        (("import", "-c", "other.caddyfile", "-i", "none.tar"), "cannot read none.tar: No such"),
        (("export", "-c", "filled.caddyfile", "-o", "none/a.tar"), "cannot write none/a.tar"),
        (("import", "-c", "-", "-i", "-"), "cannot both come from stdin"),
    ],
)
def test_mistakes(filled: Path, tmp_path: Path, args: tuple[str, ...], message: str) -> None:
    """A mistake is told in a line."""
    del filled
    done = run("storage", *args, folder=tmp_path)

    assert done.returncode == 1
    assert message in done.stderr
