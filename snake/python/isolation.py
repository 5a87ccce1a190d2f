"""Isolation: `isolation none`, `process { … }` or `docker { … }`, as fields and as lines."""

from __future__ import annotations

from snake.caddyfile.words import Words
from snake.config.struct import Config
from snake.core.errors import ConfigError
from snake.core.suggest import suggestion
from snake.python.isolation_docker import Docker, check_docker, read_docker
from snake.python.isolation_process import Process, check_process, read_process

BACKENDS = ("docker", "process", "none")


class Isolation(Config):
    """How an app is kept apart from the rest."""

    backend: str
    docker: Docker | None = None
    process: Process | None = None


def read_isolation(words: Words) -> Isolation:
    """Read an `isolation` line."""
    word = words.take("a backend, or 'none'")
    backend = word.text.strip().lower()
    if backend not in BACKENDS:
        word.fail(f'unknown isolation backend "{word}"{suggestion(backend, BACKENDS)}')
    if backend == "none":
        return Isolation(backend="none")
    if backend == "docker":
        return Isolation(backend="docker", docker=read_docker(words.block()))
    return Isolation(backend="process", process=read_process(words.block()))


def check_isolation(isolation: Isolation | None) -> None:
    """Check every value before anything is started. Raises `ConfigError`, its path from here."""
    if isolation is None:
        return
    backend = isolation.backend
    if backend not in BACKENDS:
        near = suggestion(backend, BACKENDS)
        raise ConfigError(f'unknown isolation backend "{backend}"{near}', "backend")
    for other in ("docker", "process"):
        if other != backend and getattr(isolation, other) is not None:
            raise ConfigError(f'the backend is "{backend}", so there is no {other}', other)
    try:
        if backend == "docker":
            check_docker(isolation.docker or Docker())
        elif backend == "process":
            check_process(isolation.process or Process())
    except ConfigError as error:
        raise ConfigError(error.message, f"{backend}/{error.path}".rstrip("/")) from None
