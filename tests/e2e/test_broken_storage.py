"""A storage that is broken, full, read-only or gone, and the sites that have certificates."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from snake.storage import keys
from tests.cache.serving import NO_REDIS, REDIS, redis
from tests.server import Server, environment, free_port, run, running, start
from tests.storage.caddys import served
from tests.storage.mounts import needs_mounts

PATIENCE = 30.0
NAMES = ("localhost", "b.localhost")


def document(storage: str, https: int) -> str:
    """Return a Caddyfile of two sites with certificates of our own."""
    return f"""{{
        admin off
        skip_install_trust
        http_port {free_port()}
        https_port {https}
        local_certs
        storage {storage}
    }}
    {", ".join(NAMES)} {{
        respond hello
    }}
    """


def serial(port: int, name: str) -> int:
    """Return the serial number of the certificate for a name, when there is one."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return served(port, name).serial_number
        except OSError:
            assert time.monotonic() < end, f"nothing is served for {name}"
            time.sleep(0.05)


@pytest.fixture
def port() -> int:
    """The port for HTTPS."""
    return free_port()


@pytest.fixture
def text(tmp_path: Path, port: int) -> str:
    """A Caddyfile with a folder for its storage."""
    return document(f"file_system {tmp_path / 'storage'}", port)


@pytest.fixture
def serials(text: str, tmp_path: Path, port: int) -> dict[str, int]:
    """What a snake has obtained that ran before."""
    with running(text, tmp_path) as server:
        found = {name: serial(port, name) for name in NAMES}
        server.wait_for("certificate obtained", count=2)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [("key", "garbage"), ("crt", ""), ("json", "{"), ("key", "another")], ids=str
)
def test_certificate_that_is_broken(
    serials: dict[str, int], text: str, tmp_path: Path, port: int, part: tuple[str, str]
) -> None:
    """A certificate of which a part is broken, as after a kill, is replaced; others are served."""
    ending, content = part
    storage = tmp_path / "storage"
    broken = storage / keys.certificate("local", "localhost", ending)
    if content == "another":
        content = (storage / keys.certificate("local", "b.localhost", "key")).read_text()
    broken.write_text(content)
    with running(text, tmp_path) as server:
        assert serial(port, "b.localhost") == serials["b.localhost"]
        fresh = serial(port, "localhost")
        assert fresh != serials["localhost"]
        told = server.wait_for("a stored certificate is broken")
        assert told["name"] == "localhost"
        assert "PRIVATE KEY-" not in server.log
    with running(text, tmp_path) as server:
        assert serial(port, "localhost") == fresh


def test_folder_that_is_a_file(text: str, tmp_path: Path) -> None:
    """Where nothing can be stored there is no start, and the message says which path is wrong."""
    (tmp_path / "storage").write_text("")
    (tmp_path / "Caddyfile").write_text(text)
    done = run("run", "--config", "Caddyfile", folder=tmp_path)

    assert done.returncode == 1
    assert f"{tmp_path}/storage is no folder" in done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def mounted(mount: str, text: str, folder: Path) -> Iterator[Server]:
    """Run a snake that sees something else mounted."""
    (folder / "Caddyfile").write_text(text)
    command = f"{mount} && exec {shlex.quote(sys.executable)} -m snake run --config Caddyfile"
    apart = ["unshare", "-rm"] if os.geteuid() == 0 or mount != "true" else []
    process = subprocess.Popen(
        [*apart, "sh", "-c", command],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, 0, folder)
    try:
        server.wait_for("serving")
        yield server
    finally:
        server.stop()


@needs_mounts
@pytest.mark.slow
def test_disk_that_is_read_only(
    serials: dict[str, int], text: str, tmp_path: Path, port: int
) -> None:
    """What is there is served, and what cannot be done is told with its reason."""
    shutil.rmtree(tmp_path / "storage" / keys.site("local", "b.localhost"))
    (tmp_path / "storage" / keys.LAST_CLEAN).unlink()
    mount = "mount --bind storage storage && mount -o remount,ro,bind storage"
    with mounted(mount, text, tmp_path) as server:
        assert serial(port, "localhost") == serials["localhost"]
        told = server.wait_for("cannot get a certificate")
        assert told["name"] == "b.localhost"
        assert "issue_cert_b.localhost.lock: read-only file system" in told["error"]
        assert told["next_attempt"]
        told = server.wait_for("cannot clean the storage")
        assert "read-only file system" in told["error"]


@needs_mounts
@pytest.mark.slow
def test_key_that_may_not_be_read(
    serials: dict[str, int], text: str, tmp_path: Path, port: int
) -> None:
    """The message names the file, and others are served. It stays as it is."""
    key = tmp_path / "storage" / keys.certificate("local", "b.localhost", "key")
    content = key.read_bytes()
    if os.geteuid() == 0:
        os.chown(key, 65_534, 65_534)  # root of a namespace is nobody to that user
    else:
        key.chmod(0)
    with mounted("true", text, tmp_path) as server:
        assert serial(port, "localhost") == serials["localhost"]
        told = server.wait_for("cannot get a certificate")
        assert told["name"] == "b.localhost"
        assert told["error"] == f"the storage fails: cannot read {key}: permission denied"
        assert told["next_attempt"]
    key.chmod(0o600)
    assert key.read_bytes() == content


@needs_mounts
@pytest.mark.slow
def test_disk_that_is_full(serials: dict[str, int], text: str, tmp_path: Path, port: int) -> None:
    """What is there is served, and what cannot be stored is told with its reason."""
    shutil.rmtree(tmp_path / "storage" / keys.site("local", "b.localhost"))
    (tmp_path / "storage").rename(tmp_path / "filled")
    (tmp_path / "storage").mkdir()
    mount = (
        "mount -t tmpfs -o size=100k tmpfs storage && cp -r filled/. storage/ && "
        "{ dd if=/dev/zero of=storage/more bs=1k count=200 2>/dev/null || true; }"
    )
    with mounted(mount, text, tmp_path) as server:
        assert serial(port, "localhost") == serials["localhost"]
        told = server.wait_for("cannot get a certificate")
        assert "no space left on device" in told["error"]
        assert told["next_attempt"]


@pytest.mark.slow
@pytest.mark.skipif(REDIS is None, reason=NO_REDIS)
def test_redis_that_is_gone(tmp_path: Path, port: int) -> None:
    """Sites are served on without it, and nothing spins. A start without it says what it lacks."""
    where = free_port()
    text = document(f"redis {{\naddress 127.0.0.1:{where}\npassword p@ss:word\n}}", port)
    with redis("--port", str(where)):
        server = start(text, tmp_path)
        first = {name: serial(port, name) for name in NAMES}
    try:
        lines = server.log.count("\n")
        time.sleep(2)
        assert {name: serial(port, name) for name in NAMES} == first
        assert server.log.count("\n") - lines < 5
        assert "p@ss:word" not in server.log
    finally:
        server.stop()
    done = run("run", "--config", "Caddyfile", folder=tmp_path)
    assert done.returncode == 1
    assert f"Redis at 127.0.0.1:{where}: Connect call failed" in done.stderr
    assert "p@ss:word" not in done.stderr
