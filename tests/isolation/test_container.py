"""An app in a container: what the engine is asked, and what happens when it refuses."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snake.core.errors import ConfigError, StartError
from snake.isolation.container import LABEL, gate_settings, specification
from snake.isolation.docker_engine import DockerEngine, log_text
from snake.isolation.launch import Launch, launch
from snake.python.isolation import Isolation
from snake.python.isolation_docker import Docker, Mount
from tests.isolation.confining import (
    ROOT,
    UID,
    folder_of,
    needs_python,
    needs_root,
    needs_sandbox,
    start,
)
from tests.isolation.recorded_engine import ID, RecordedEngine, recorded_engine

LAUNCH = Launch(("python3", "-c", "app"), {"SECRET": "hush"}, "/srv/app", (7,), name="main:app")
OWN = f"{os.getuid()}:{os.getgid()}"


def docker(engine: RecordedEngine | str, **fields: Any) -> Isolation:
    """Return `isolation docker` at this engine."""
    address = engine if isinstance(engine, str) else engine.address
    fields = {"image": "python:3", "docker_host": address, **fields}
    return Isolation(backend="docker", docker=Docker(**fields))


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of an app, which is the server's user's."""
    with folder_of(os.getuid()) as path:
        yield path


def test_a_container_may_do_as_little_as_possible() -> None:
    """It has no capability and no way to one, a bound of processes, and the server's user."""
    wanted = specification(Docker(image="python:3"), LAUNCH, "/tmp/door", OWN)

    host = wanted["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["PidsLimit"] == 512
    assert host["Init"] is True
    assert "Privileged" not in host
    assert wanted["User"] == OWN
    assert wanted["Labels"] == {LABEL: "main:app"}
    writable = [mount["Target"] for mount in host["Mounts"] if not mount["ReadOnly"]]
    assert writable == ["/srv/app"]


def test_what_is_asked_for_is_what_is_written() -> None:
    """Each field has its place in what the engine is asked for."""
    fields = Docker(
        image="python:3.13-slim",
        network="bridge",
        memory="512m",
        cpus="1.5",
        read_only=True,
        user="1000:100",
        processes=40,
        mounts=(Mount(host="/a", container="/b"), Mount(host="/c", container="/d", mode="rw")),
    )

    wanted = specification(fields, LAUNCH, "/tmp/door", OWN)

    host = wanted["HostConfig"]
    assert (wanted["Image"], wanted["User"]) == ("python:3.13-slim", "1000:100")
    assert (host["NetworkMode"], host["NanoCpus"], host["PidsLimit"]) == (
        "bridge",
        1_500_000_000,
        40,
    )
    assert host["Memory"] == host["MemorySwap"] == 512 * 1024**2
    assert host["ReadonlyRootfs"] is True
    assert list(host["Tmpfs"]) == ["/tmp"]
    assert host["Mounts"][-2:] == [
        {"Type": "bind", "Source": "/a", "Target": "/b", "ReadOnly": True},
        {"Type": "bind", "Source": "/c", "Target": "/d", "ReadOnly": False},
    ]


def test_the_host_has_a_name_where_there_is_a_way_to_it() -> None:
    """It is `host.docker.internal`, but where the engine would refuse the name."""
    for network, named in (("", True), ("bridge", True), ("none", False), ("container:a", False)):
        fields = Docker(image="python:3", network=network)
        host = specification(fields, LAUNCH, "/tmp/door", OWN)["HostConfig"]
        assert ("ExtraHosts" in host) is named


def test_no_secret_is_where_others_can_read_it() -> None:
    """The app's variables are not in what the engine shows, but in what the gate is told."""
    wanted = specification(Docker(image="python:3"), LAUNCH, "/tmp/door", OWN)

    assert "hush" not in json.dumps(wanted)
    assert gate_settings(LAUNCH)["env"] == {"SECRET": "hush"}


@needs_python
@needs_sandbox
async def test_an_app_runs_in_a_container(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its descriptors, its variables over the image's, and none of the server's."""
    monkeypatch.setenv("SERVER_SECRET", "hush")
    code = (
        "fds = [os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')"
        " if os.path.exists(f'/proc/self/fd/{n}')]\n"
        "say([dict(os.environ), os.getcwd(), fds, os.getuid()])"
    )
    async with recorded_engine() as engine:
        program = await start(docker(engine), code, folder, python="python3")
        variables, cwd, fds, uid = await program.said()

    assert variables["OWN"] == "variable"
    assert variables["OF_THE_IMAGE"] == "yes"
    assert "SERVER_SECRET" not in variables
    assert cwd == str(folder)
    assert {fd.partition(":")[0] for fd in fds} == {"/dev/null", "pipe"} or len(fds) == 4
    assert uid == os.getuid()
    assert engine.requests == [
        "GET /_ping",
        "GET /images/python:3/json",
        "GET /containers/json",
        "POST /containers/create",
        f"POST /containers/{ID}/start",
        f"POST /containers/{ID}/wait",
        f"DELETE /containers/{ID}",
    ]


@needs_root
@needs_python
@needs_sandbox
async def test_a_container_may_have_another_user(folder: Path) -> None:
    """Then that user, and nobody else, can reach what the gate is told."""
    os.chown(folder, UID, UID)
    async with recorded_engine() as engine:
        program = await start(
            docker(engine, user=str(UID)), "say(os.getuid())", folder, python="python3"
        )
        assert await program.said() == UID


@pytest.mark.skipif(ROOT, reason="root may give any user")
async def test_only_root_may_give_another_user(folder: Path) -> None:
    """A server that is not root says that it cannot."""
    with pytest.raises(StartError, match="only a server that runs as root"):
        await start(docker("unix:///nowhere", user=str(UID)), "say(1)", folder)


@needs_python
@needs_sandbox
async def test_kill_removes_the_container(folder: Path) -> None:
    """It is ended and removed, and its end is seen."""
    async with recorded_engine() as engine:
        program = await start(
            docker(engine), "import time; say(1); time.sleep(60)", folder, python="python3"
        )
        await program.began()

        program.launched.kill()

        assert await asyncio.wait_for(program.launched.exited, 10) == 128 + 9
        assert await program.said() == 1
        assert f"DELETE /containers/{ID}" in engine.requests


@needs_python
@needs_sandbox
async def test_a_container_that_ends_at_once_is_told_with_what_it_printed(folder: Path) -> None:
    """An image without the interpreter: the error has the container's own words, and it is gone."""
    async with recorded_engine() as engine:
        engine.log = b"exec: python9: not found\n"
        with pytest.raises(StartError) as caught:
            await start(docker(engine), "say(1)", folder, python="python9")

        assert "the container ended before the app began, with exit code 1" in str(caught.value)
        assert "exec: python9: not found" in str(caught.value)
        assert engine.requests[-1] == f"DELETE /containers/{ID}"


async def test_an_engine_that_is_not_there_is_told(folder: Path) -> None:
    """The error says what was tried and what to do."""
    with pytest.raises(StartError) as caught:
        await start(docker("unix:///nowhere/docker.sock"), "say(1)", folder)

    assert str(caught.value) == (
        "isolation docker: no engine answers at unix:///nowhere/docker.sock: No such file or "
        "directory; start Docker, or give the address of its socket with docker_host"
    )


async def test_what_is_no_engine_is_told(folder: Path) -> None:
    """Something else that listens there is no engine."""

    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"220 mail ready\r\n")
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(StartError, match="what answers there does not speak HTTP"):
            await start(docker(f"tcp://127.0.0.1:{port}"), "say(1)", folder)


@pytest.mark.parametrize("address", ["ssh://host", "docker", "tcp://", "tcp://h:x", "unix://"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    """Only what can be asked is taken for an address."""
    with pytest.raises(StartError, match="is no address of an engine; expected unix:///"):
        DockerEngine(address)


def test_the_address_is_the_one_of_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `docker_host` it is `DOCKER_HOST`, and without that Docker's own."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert DockerEngine().address == "tcp://127.0.0.1:1"
    monkeypatch.delenv("DOCKER_HOST")
    assert DockerEngine().address == "unix:///var/run/docker.sock"


async def test_nothing_is_started_before_all_is_checked(folder: Path) -> None:
    """What is missing is told before a container is made: image, folder, mount, wrong words."""
    async with recorded_engine() as engine:
        with pytest.raises(StartError, match='no image "nowhere:1"; get it with: docker pull now'):
            await start(docker(engine, image="nowhere:1"), "say(1)", folder)
        with pytest.raises(ConfigError, match="isolation docker requires image"):
            await start(docker(engine, image=""), "say(1)", folder)
        odd = (Mount(host="/tmp", container="/b", mode="rx"),)
        with pytest.raises(ConfigError, match="mode must be ro or rw"):
            await start(docker(engine, mounts=odd), "say(1)", folder)
        missing = (Mount(host="/nowhere", container="/b"),)
        with pytest.raises(StartError, match='mount: "/nowhere" does not exist'):
            await start(docker(engine, mounts=missing), "say(1)", folder)
        with pytest.raises(StartError, match="working_dir"):
            await launch(docker(engine), Launch(("python3",), {}, "/nowhere"))

        assert "POST /containers/create" not in engine.requests


async def test_what_the_engine_refuses_is_told_in_its_words(folder: Path) -> None:
    """A network that there is not, for example; a container that was made is removed."""
    async with recorded_engine() as engine:
        engine.answers["POST /containers/create"] = (400, {"message": "invalid mount"})
        with pytest.raises(StartError, match="isolation docker: invalid mount"):
            await start(docker(engine), "say(1)", folder)
        assert f"DELETE /containers/{ID}" not in engine.requests

        engine.answers["POST /containers/create"] = (201, {"Id": ID})
        engine.answers[f"POST /containers/{ID}/start"] = (404, {"message": "network n not found"})
        with pytest.raises(StartError, match="isolation docker: network n not found"):
            await start(docker(engine, network="n"), "say(1)", folder)
        assert engine.requests[-1] == f"DELETE /containers/{ID}"


async def test_what_a_dead_server_left_is_removed(folder: Path) -> None:
    """Containers of snake that have ended, and only those, are removed at the next start."""
    async with recorded_engine() as engine:
        engine.answers["GET /containers/json"] = (200, [{"Id": "abc"}])
        engine.answers["DELETE /containers/abc"] = (204, b"")
        engine.answers["POST /containers/create"] = (400, {"message": "enough"})
        with pytest.raises(StartError, match="enough"):
            await start(docker(engine), "say(1)", folder)

        assert "DELETE /containers/abc" in engine.requests


def test_logs_are_read_piece_by_piece() -> None:
    """An engine's stream has a head before each piece; a broken one is read as far as it goes."""
    piece = b"\x01\0\0\0\0\0\0\x03abc"

    assert log_text(piece + piece) == "abcabc"
    assert log_text(piece + b"\x01\0\0") == "abc"
    assert log_text(b"") == ""
