"""Isolation: `isolation none` or `isolation docker { … }`, as fields and as lines."""

from __future__ import annotations

import msgspec

from snake.caddyfile.segments import Segment
from snake.config.struct import Config
from snake.core.suggest import suggestion

BACKENDS = ("docker", "none")


class Mount(Config):
    """A folder of the host inside the container."""

    host: str
    container: str
    mode: str = ""


class Docker(Config):
    """A container for each worker."""

    image: str = ""
    network: str = ""
    docker_host: str = ""
    memory: str = ""
    cpus: str = ""
    read_only: bool = False
    mounts: tuple[Mount, ...] = ()


class Isolation(Config):
    """How an app is kept apart from the rest."""

    backend: str
    docker: Docker | None = None


def read_isolation(line: Segment) -> Isolation:
    """Read an `isolation` line."""
    if len(line.args) != 1:
        line.fail("expected isolation backend or 'none'", "isolation none | docker { … }")
    backend = line.args[0]
    if backend.text not in BACKENDS:
        backend.fail(f'unknown isolation backend "{backend}"{suggestion(backend.text, BACKENDS)}')
    if backend.text == "none":
        line.no_block()
        return Isolation(backend="none")
    return Isolation(backend="docker", docker=_read_docker(line))


def _read_docker(line: Segment) -> Docker:
    fields: dict[str, object] = {}
    mounts = []
    for sub in line.lines:
        match sub.name:
            case "image" | "network" | "docker_host" | "memory" | "cpus":
                fields[sub.name] = sub.arg()
            case "read_only":
                fields[sub.name] = sub.flag()
            case "mount":
                mounts.append(_read_mount(sub))
            case name:
                known = (*Docker.__struct_fields__[:-1], "mount")
                sub.fail(f"unknown isolation docker subdirective: {name}{suggestion(name, known)}")
    return msgspec.convert({**fields, "mounts": mounts}, Docker)


def _read_mount(line: Segment) -> Mount:
    if len(line.args) not in (2, 3):
        line.fail("expected two or three arguments for mount: host container [ro|rw]")
    host, container, *mode = line.texts
    return Mount(host=host, container=container, mode="".join(mode))
