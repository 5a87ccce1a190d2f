"""The document of `snake python-server`: one app, its files, and where it listens."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snake.app.envfile import name_fault
from snake.core.errors import ConfigError, DocumentError, SnakeError
from snake.core.network import AddressError, parse_address
from snake.core.record import Record
from snake.core.units import SECOND
from snake.python.bodylimit import body_limit
from snake.python.isolation import Isolation, check_isolation
from snake.python.values import (
    memory_limit,
    request_limit,
    request_timeout_seconds,
    start_timeout_seconds,
    thread_count,
    worker_count,
)
from snake.tls.subjects import qualifies

Json = dict[str, Any]

LISTEN = "127.0.0.1:9080"
"""Where Caddy Snake listens, too, when nothing is said."""
HTTPS = ":443"
"""Where a domain is served."""


class Flags(Record):
    """The flags, as written. Those of the app have the names of its fields in the document."""

    app: str = ""
    """`module:attribute`."""
    server_type: str = ""
    domain: str = ""
    listen: str = ""
    static_path: str = ""
    static_route: str = "/static"
    debug: bool = False
    access_logs: bool = False
    python: dict[str, Any] = {}
    """What goes into the document as it is, by the names of the handler's fields."""
    env_vars: tuple[str, ...] = ()
    isolation: str = ""
    """The backend."""
    docker: dict[str, Any] = {}
    """The rest of the isolation's flags, by the names of docker's fields."""
    cache: dict[str, Any] = {}


CHECKS: dict[str, Callable[[str], object]] = {
    "workers": worker_count,
    "threads": thread_count,
    "start_timeout": start_timeout_seconds,
    "request_timeout": request_timeout_seconds,
    "request_body_max_size": body_limit,
    "max_requests": request_limit,
    "max_memory": memory_limit,
}
FLAGS = {"venv_path": "venv", "env_files": "env-file", "env_vars": "env-var"}
"""The flags that are not called as their fields."""


def document(flags: Flags) -> Json:
    """Return the JSON: Caddy Snake's, with the static prefix taken off. Raises `SnakeError`."""
    routes = [_encoded([_python(flags)], "")]
    if flags.static_path:
        files = _files(flags.static_path, flags.static_route)
        routes.insert(0, _encoded(files, flags.static_route))
    site: Json = {"handle": [{"handler": "subroute", "routes": routes}]}
    if flags.domain:
        site["match"] = [{"host": [flags.domain]}]
    server: Json = {
        "listen": [flags.listen or (HTTPS if flags.domain else LISTEN)],
        "routes": [site],
        "idle_timeout": 30 * SECOND,
        "read_header_timeout": 10 * SECOND,
        "max_header_bytes": 10_240,
    }
    if flags.access_logs:
        server["logs"] = {}
    made: Json = {
        "admin": {"config": {"persist": False}},
        "apps": {"http": {"servers": {"srv0": server}}},
    }
    if flags.debug:
        made["logging"] = {"logs": {"default": {"level": "DEBUG"}}}
    return made


def flag_of(field: str) -> str:
    """Return the flag that sets a field of the handler."""
    return f"--{FLAGS.get(field, field).replace('_', '-')}"


def in_flags(error: DocumentError) -> SnakeError:
    """Say in flags what an error of the document says in fields; a traceback stays as it is."""
    told, line_break, trace = error.message.partition("\n")
    told = re.sub(r"\bmodule_(wsgi|asgi)\b", r"--server-type \1", told)
    told = re.sub(r"\bcache redis://", "--cache-url redis://", told)
    return SnakeError(told + line_break + trace)


def check(flags: Flags) -> None:
    """Check every value, the app not among them. Raises `SnakeError`, which names the flag."""
    if flags.domain and not qualifies(flags.domain):
        raise SnakeError(f'--domain takes a name such as example.com, got "{flags.domain}"')
    if flags.server_type == "esgi":
        raise SnakeError("--server-type esgi is not available in this version of snake")
    folder = flags.python.get("working_dir") or "."
    if not Path(folder).is_dir():
        raise SnakeError(f'--working-dir takes a folder; there is none at "{folder}"')
    if flags.static_path and not Path(flags.static_path).is_dir():
        raise SnakeError(f'--static-path takes a folder; there is none at "{flags.static_path}"')
    if flags.static_path and not flags.static_route.startswith("/"):
        raise SnakeError(f'--static-route begins with /, got "{flags.static_route}"')
    try:
        parse_address(flags.listen or LISTEN)
    except AddressError as error:
        raise SnakeError(f"--listen: {error}") from None
    for field, read in CHECKS.items():
        try:
            read(flags.python.get(field) or "")
        except ConfigError as error:
            raise SnakeError(f"{flag_of(field)}: {error.message}") from None
    _python(flags)


def _python(flags: Flags) -> Json:
    python: Json = {"handler": "python", f"module_{flags.server_type}": flags.app}
    python |= {name: value for name, value in flags.python.items() if value}
    if flags.python.get("workers") == "0":
        del python["workers"]
    if flags.env_vars:
        python["env_vars"] = dict(map(_variable, flags.env_vars))
    if isolation := _isolation(flags):
        python["isolation"] = isolation
    if cache := {name: value for name, value in flags.cache.items() if value}:
        python["cache"] = cache
    return python


def _isolation(flags: Flags) -> Json:
    """Return the isolation that is asked for; nothing if none is."""
    import msgspec  # noqa: PLC0415  (seldom needed)

    backend = flags.isolation
    given = {name: value for name, value in flags.docker.items() if value}
    takes = _TAKES.get(backend, ())
    if alien := next((name for name in given if backend != "docker" and name not in takes), ""):
        flag = f"--isolation-{alien.replace('_', '-')}"
        others = [f"--isolation {each}" for each in _TAKES if alien in _TAKES[each]]
        raise SnakeError(f"{flag} takes {' or '.join([*others, '--isolation docker'])} beside it")
    if not backend:
        return {}
    made: Json = {"backend": backend} | ({backend: given} if given else {})
    try:
        check_isolation(msgspec.convert(made, Isolation))
    except ConfigError as error:
        name = error.path.rpartition("/")[2].replace("_", "-")
        raise SnakeError(f"--isolation-{name}: {error.message}") from None
    return made


_TAKES = {"process": ("memory", "read_only", "user")}
"""What another isolation than docker takes of its flags."""


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SnakeError(f'--env-var takes NAME=VALUE, got "{text}"')
    if fault := name_fault(name):
        raise SnakeError(f"--env-var: {fault}")
    return name, value


def _encoded(handlers: list[Json], prefix: str) -> Json:
    encode: Json = {
        "handler": "encode",
        "encodings": {"gzip": {}, "zstd": {}},
        "prefer": ["zstd", "gzip"],
    }
    return {"match": [{"path": [f"{prefix.rstrip('/')}/*"]}], "handle": [encode, *handlers]}


def _files(folder: str, route: str) -> list[Json]:
    return [
        {"handler": "rewrite", "strip_path_prefix": route.rstrip("/")},
        {"handler": "file_server", "root": folder},
    ]
