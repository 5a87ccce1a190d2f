"""Isolation: `isolation none` or `isolation docker { … }`, as fields and as lines."""

from __future__ import annotations

import msgspec

from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words, subdirectives
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


def read_isolation(words: Words) -> Isolation:
    """Read an `isolation` line."""
    word = words.take("a backend, or 'none'")
    backend = word.text.strip().lower()
    if backend not in BACKENDS:
        word.fail(f'unknown isolation backend "{word}"{suggestion(backend, BACKENDS)}')
    if backend == "none":
        return Isolation(backend="none")
    return Isolation(backend="docker", docker=_read_docker(words.block()))


def _read_docker(block: Segment) -> Docker:
    fields: dict[str, object] = {}
    mounts = []
    for words in subdirectives(block, (*Docker.__struct_fields__[:-1], "mount")):
        match words.name:
            case "read_only":
                fields["read_only"] = True
            case "mount":
                mounts.append(_read_mount(words))
            case name:
                fields[name] = words.take("one argument").text
    return msgspec.convert({**fields, "mounts": mounts}, Docker)


def _read_mount(words: Words) -> Mount:
    given = words.all()
    if len(given) not in (2, 3):
        words.token.fail("expected two or three arguments for mount: host container [ro|rw]")
    host, container, *mode = (word.text for word in given)
    return Mount(host=host, container=container, mode="".join(mode))
