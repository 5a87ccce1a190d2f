"""Docker: `isolation docker { … }`: a container, as Caddy Snake's directive describes it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import msgspec

from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words, subdirectives
from snake.config.struct import Config
from snake.core.errors import ConfigError

PROCESSES = 512
"""Processes and threads of a container when nothing else is said."""
_MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(?:([kmgtp])(?:i?b)?|b)?", re.IGNORECASE)
_CPUS = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
_LEAST_MEMORY = 6 * 1024**2
"""Bytes: what the engine asks for at least."""
_LEAST_PROCESSES = 4
_USER = re.compile(r"[0-9]{1,9}(:[0-9]{1,9})?")


class Mount(Config):
    """A folder of the host inside the container."""

    host: str
    container: str
    mode: str = ""


class Docker(Config):
    """A container for the app."""

    image: str = ""
    network: str = ""
    docker_host: str = ""
    memory: str = ""
    cpus: str = ""
    read_only: bool = False
    user: str = ""
    """`<uid>[:<gid>]`, in numbers; empty for those of the server."""
    processes: int = 0
    """Processes and threads; 0 for `PROCESSES`."""
    mounts: tuple[Mount, ...] = ()


def read_docker(block: Segment) -> Docker:
    """Read the block of `isolation docker`."""
    fields: dict[str, object] = {}
    mounts = []
    for words in subdirectives(block, (*Docker.__struct_fields__[:-1], "mount")):
        match words.name:
            case "read_only":
                fields["read_only"] = True
            case "mount":
                mounts.append(_read_mount(words))
            case "processes":
                word = words.take("one argument")
                if not word.text.isdecimal():
                    word.fail(f'processes must be a whole number, got "{word}"')
                fields["processes"] = int(word.text[:10])
            case name:
                fields[name] = words.take("one argument").text
    return msgspec.convert({**fields, "mounts": mounts}, Docker)


def check_docker(docker: Docker) -> None:
    """Check every value. Raises `ConfigError` with the path of its field."""
    if not docker.image:
        raise ConfigError("isolation docker requires image", "image")
    if docker.image.startswith("-") or re.search(r"\s", docker.image):
        raise ConfigError(f'image "{docker.image}" is no name of an image', "image")
    memory_bytes(docker.memory)
    nano_cpus(docker.cpus)
    if docker.user and not _USER.fullmatch(docker.user):
        raise ConfigError(f'user must be <uid>[:<gid>], in numbers, got "{docker.user}"', "user")
    if docker.processes and docker.processes < _LEAST_PROCESSES:
        raise ConfigError(f"processes must be at least {_LEAST_PROCESSES}", "processes")
    for index, mount in enumerate(docker.mounts):
        _check_mount(index, mount)


def memory_bytes(text: str) -> int:
    """Read `memory` as Docker does (`512m` has 512 · 1024² bytes); 0 for nothing.

    Source: go-units `RAMInBytes`. Raises `ConfigError`.
    """
    if not text:
        return 0
    match = _MEMORY.fullmatch(text)
    if match is None:
        raise ConfigError(f'invalid memory "{text}": expected a size like 512m or 2g', "memory")
    number, unit = match.groups()
    power = " kmgtp".index(unit.lower()) if unit else 0
    value = int(float(number[:40]) * 1024**power)
    if not _LEAST_MEMORY <= value < 2**62:
        raise ConfigError(
            f'memory "{text}" must be at least 6m, and one that there can be', "memory"
        )
    return value


def nano_cpus(text: str) -> int:
    """Read `cpus` in thousand-millionths, as the engine counts; 0 for nothing.

    Raises `ConfigError`.
    """
    if not text:
        return 0
    if not _CPUS.fullmatch(text) or not 0 < float(text[:40]) <= 10_000:  # noqa: PLR2004
        raise ConfigError(f'invalid cpus "{text}": expected a number like 1.5', "cpus")
    return int(float(text) * 1_000_000_000)


def _check_mount(index: int, mount: Mount) -> None:
    path = f"mounts/{index}"
    if not mount.host or not mount.container:
        raise ConfigError(f"isolation docker mount {index} requires host and container paths", path)
    if mount.mode not in ("", "ro", "rw"):
        raise ConfigError(f"isolation docker mount {index} mode must be ro or rw", f"{path}/mode")
    for name in ("host", "container"):
        written = getattr(mount, name)
        pure = PurePosixPath(written)
        if "\0" in written or not pure.is_absolute() or ".." in pure.parts:
            message = f'isolation docker mount {index}: "{written}" is not an absolute path'
            raise ConfigError(message, f"{path}/{name}")


def _read_mount(words: Words) -> Mount:
    given = words.all()
    if len(given) not in (2, 3):
        words.token.fail("expected two or three arguments for mount: host container [ro|rw]")
    host, container, *mode = (word.text for word in given)
    return Mount(host=host, container=container, mode="".join(mode))
