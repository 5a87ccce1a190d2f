"""Container: `isolation docker`: an app in a container of its own.

What the engine is asked for is a function of the configuration (`specification`). Nothing in it is
secret: the app's environment, and the descriptors it is to have, go to the gate (`pool.gate`)
inside, over a Unix socket in a folder of the server's that only the app's container
has besides. So no port is open that a neighbour could ask, and neither a command line
nor `docker inspect` shows a secret.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
import socket
import sys
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from snake.core.errors import StartError
from snake.isolation.confined import PACKAGE, UMASK
from snake.isolation.docker_engine import DockerEngine, EngineError, log_text
from snake.isolation.launch import Launch
from snake.isolation.output import reading, relay
from snake.python.isolation_docker import (
    PROCESSES,
    Docker,
    check_docker,
    memory_bytes,
    nano_cpus,
)

LABEL = "snake.app"
HOME = "/opt/snake"
"""Where snake's package is inside."""
DOOR = "/run/snake"
"""Where the folder with the gate's socket is inside."""
_ARRIVAL = 60.0
"""Seconds for the gate in a container to come for its app."""
_SOCKET = "gate.sock"
_NO_SUCH = 404
_LOST = -9
"""The exit code of a container of which the engine cannot tell how it ended."""


class Contained:
    """A program in a container."""

    pid = 0

    def __init__(self, engine: DockerEngine, container: str) -> None:
        self._engine = engine
        self._container = container
        self._removal: asyncio.Task[None] | None = None
        self.ended: asyncio.Future[int] = asyncio.ensure_future(self._wait())
        """Its exit code; then it is still there, with what it printed."""
        self.exited: asyncio.Future[int] = asyncio.ensure_future(self._leave())
        self.is_let_in = asyncio.Event()

    def kill(self) -> None:
        """End it now."""
        if not self.exited.done() and self._removal is None:
            self._removal = asyncio.ensure_future(remove(self._engine, self._container))

    async def _wait(self) -> int:
        path = f"/containers/{self._container}/wait"
        try:
            answer = json.loads(await self._engine.ask("POST", path, patience=None))
            code = int(answer["StatusCode"])
        except (OSError, EngineError, ValueError, KeyError, TypeError):
            return _LOST
        return code

    async def _leave(self) -> int:
        code = await self.ended
        await self.is_let_in.wait()
        await remove(self._engine, self._container)
        return code


async def launch_container(docker: Docker | None, launch: Launch) -> Contained:
    """Start a program of `isolation docker`. Raises `ConfigError` and `StartError`."""
    docker = docker or Docker()
    check_docker(docker)
    if sys.platform != "linux":
        raise StartError("isolation docker is only available on Linux")
    engine = DockerEngine(docker.docker_host)
    _check_paths(docker, launch)
    await engine.check()
    await _check_image(engine, docker.image)
    await _sweep(engine)
    folder = Path(tempfile.mkdtemp(prefix="snake-docker-"))
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.bind(str(folder / _SOCKET))
            door.listen(1)
            door.setblocking(False)  # noqa: FBT003
            _give(folder, docker.user)
            return await _start(engine, docker, launch, folder, door)
    except EngineError as error:
        raise StartError(f"isolation docker: {error}") from None
    except OSError as error:
        raise StartError(f"isolation docker: {error.strerror or error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def specification(docker: Docker, launch: Launch, folder: str, user: str) -> dict[str, Any]:
    """Return what the engine is asked to create (`ContainerCreate`).

    `folder` is where the gate's socket is, `user` the server's own, as `<uid>:<gid>`.
    """
    memory = memory_bytes(docker.memory)
    cwd = launch.cwd or os.getcwd()  # noqa: PTH109
    mounts = [
        _mount(PACKAGE, f"{HOME}/snake", writable=False),
        _mount(folder, DOOR, writable=False),
        *(_mount(path, path, writable=False) for path in dict.fromkeys(launch.read)),
        _mount(cwd, cwd, writable=True),
        *(_mount(each.host, each.container, writable=each.mode == "rw") for each in docker.mounts),
    ]
    host: dict[str, Any] = {
        "Mounts": mounts,
        "Init": True,  # reaps what the app's processes leave behind
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "PidsLimit": docker.processes or PROCESSES,
        "ReadonlyRootfs": docker.read_only,
    }
    if docker.read_only:
        host["Tmpfs"] = {"/tmp": "rw,nosuid,nodev,mode=1777"}  # noqa: S108
    if docker.network != "none" and not docker.network.startswith("container:"):
        host["ExtraHosts"] = ["host.docker.internal:host-gateway"]
    if docker.network:
        host["NetworkMode"] = docker.network
    if memory:
        host |= {"Memory": memory, "MemorySwap": memory}
    if docker.cpus:
        host["NanoCpus"] = nano_cpus(docker.cpus)
    return {
        "Image": docker.image,
        "Entrypoint": [launch.argv[0], "-I", "-S", f"{HOME}/snake/pool/gate.py"],
        "Cmd": [f"{DOOR}/{_SOCKET}"],
        "User": docker.user or user,
        "Labels": {LABEL: launch.name},
        "WorkingDir": "/",
        "HostConfig": host,
    }


def gate_settings(launch: Launch) -> dict[str, Any]:
    """Return what the gate in a container is told; the descriptors come in the order of `fds`."""
    report = max(launch.pass_fds, default=2) + 1
    root = str(Path(PACKAGE).parent)
    return {
        "argv": [HOME if word == root else word for word in launch.argv],
        "env": dict(launch.env),
        "inherit": True,
        "cwd": launch.cwd or os.getcwd(),  # noqa: PTH109
        "umask": UMASK,
        "limits": [("RLIMIT_CORE", 0, 0)],
        "user": None,
        "group": None,
        "groups": (),
        "needs": [],
        "control_group": "",
        "fds": [1, 2, report, *launch.pass_fds],
        "report": report,
        "stderr": None,
        "keep": launch.pass_fds,
    }


async def remove(engine: DockerEngine, container: str) -> None:
    """Remove a container, running or not; one that is not there is no matter."""
    with suppress(OSError, EngineError):
        await engine.ask("DELETE", f"/containers/{container}?force=1&v=1")


async def _start(
    engine: DockerEngine, docker: Docker, launch: Launch, folder: Path, door: socket.socket
) -> Contained:
    own = f"{os.getuid()}:{os.getgid()}"
    name = re.sub(r"[^a-zA-Z0-9]+", "-", launch.name).strip("-")[:40] or "app"
    name = f"snake-{name}-{secrets.token_hex(4)}"
    wanted = specification(docker, launch, str(folder), own)
    created = await engine.ask_json(
        "POST", f"/containers/create?{urlencode({'name': name})}", wanted
    )
    container = str(created["Id"])
    contained: Contained | None = None
    try:
        await engine.ask("POST", f"/containers/{container}/start")
        contained = Contained(engine, container)
        await _let_in(contained, launch, door, engine, container)
    except BaseException:
        await remove(engine, container)
        if contained is not None:
            contained.is_let_in.set()
            await contained.exited
        raise
    contained.is_let_in.set()
    return contained


async def _let_in(
    contained: Contained, launch: Launch, door: socket.socket, engine: DockerEngine, container: str
) -> None:
    """Wait for the gate inside and tell it what to do. Raises `StartError`."""
    loop = asyncio.get_running_loop()
    coming = asyncio.ensure_future(loop.sock_accept(door))
    waiting: set[asyncio.Future[Any]] = {coming, contained.ended}
    try:
        await asyncio.wait(waiting, timeout=_ARRIVAL, return_when=asyncio.FIRST_COMPLETED)
        if not coming.done() and not contained.ended.done():
            raise StartError(
                f"isolation docker: nothing in the container has asked for the app in {_ARRIVAL:g} "
                "s; does the engine run on this machine?"
            )
        if not coming.done():
            raise await _ended(contained, engine, container)
    finally:
        coming.cancel()
    gate, _ = coming.result()
    async with AsyncExitStack() as stack:
        stack.callback(gate.close)
        (report, reporting), (output, speaking) = _pipe(stack), _pipe(stack)
        settings = gate_settings(launch)
        data = json.dumps(settings).encode()
        fds = [speaking.fileno(), speaking.fileno(), reporting.fileno(), *launch.pass_fds]
        socket.send_fds(gate, [len(data).to_bytes(4, "big")], fds)
        await loop.sock_sendall(gate, data)
        for end in (speaking, reporting):
            end.close()
        async with reading(report) as stream:
            word = await stream.read()
        if not word:
            raise await _ended(contained, engine, container)
        if word != b".":
            reason = word.removeprefix(b".").decode(errors="replace")
            raise StartError(f'isolation docker: cannot start "{launch.argv[0]}": {reason}')
        relay(os.fdopen(os.dup(output.fileno()), "rb", 0))


async def _ended(contained: Contained, engine: DockerEngine, container: str) -> StartError:
    """Return the error for a container that ended before the app began, with what it printed."""
    code = await contained.ended
    printed = ""
    with suppress(OSError, EngineError):
        path = f"/containers/{container}/logs?stdout=1&stderr=1&tail=20"
        printed = log_text(await engine.ask("GET", path))
    return StartError(
        f"isolation docker: the container ended before the app began, with exit code {code}"
        + (f":\n{printed}" if printed else "")
    )


async def _sweep(engine: DockerEngine) -> None:
    """Remove containers that ended while no server was there to do it."""
    filters = json.dumps({"label": [LABEL], "status": ["exited", "dead"]})
    with suppress(OSError, EngineError, KeyError, TypeError):
        query = urlencode({"all": 1, "filters": filters})
        for found in await engine.ask_json("GET", f"/containers/json?{query}"):
            await engine.ask("DELETE", f"/containers/{quote(found['Id'])}?v=1")


async def _check_image(engine: DockerEngine, image: str) -> None:
    try:
        await engine.ask("GET", f"/images/{quote(image, safe='/:@')}/json")
    except EngineError as error:
        if error.status == _NO_SUCH:
            message = f'isolation docker: the engine at {engine.address} has no image "{image}"; '
            raise StartError(f"{message}get it with: docker pull {image}") from None
        raise StartError(f'isolation docker: image "{image}": {error}') from None


def _check_paths(docker: Docker, launch: Launch) -> None:
    for mount in docker.mounts:
        if not Path(mount.host).exists():
            raise StartError(f'isolation docker: mount: "{mount.host}" does not exist')
    if docker.user and os.geteuid() not in (0, int(docker.user.partition(":")[0])):
        raise StartError(
            "isolation docker: only a server that runs as root can give an app another user"
        )
    if launch.cwd and not Path(launch.cwd).is_dir():
        raise StartError(f'the working_dir "{launch.cwd}" does not exist, or is no folder')


def _give(folder: Path, user: str) -> None:
    """Let the container's user, and nobody else, into the folder."""
    uid, _, _ = user.partition(":")
    if uid and os.geteuid() == 0:
        for path in (folder, folder / _SOCKET):
            os.chown(path, int(uid), -1)


def _mount(source: str, target: str, *, writable: bool) -> dict[str, Any]:
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": not writable}


def _pipe(stack: AsyncExitStack) -> tuple[Any, Any]:
    reading_end, writing_end = os.pipe()
    ends = (os.fdopen(reading_end, "rb", 0), os.fdopen(writing_end, "wb", 0))
    for end in ends:
        stack.callback(end.close)
    return ends
