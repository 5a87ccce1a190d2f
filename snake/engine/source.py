"""Where a configuration comes from: a file or stdin, JSON or a Caddyfile to adapt first."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

import msgspec

from snake.caddyfile.errors import CaddyfileWarning
from snake.caddyfile.text import as_text
from snake.config.document import Document
from snake.core.check import check
from snake.core.errors import ConfigError, SnakeError
from snake.core.modules import decode
from snake.core.suggest import suggestion
from snake.core.text import decode_utf8
from snake.engine.ids import without_ids
from snake.engine.loaded import Loaded
from snake.engine.warm import registry

logger = logging.getLogger("snake")

ADAPTERS = ("caddyfile", "json")


def load(config: str | None, adapter: str | None, files: list[str] | None = None) -> Loaded:
    """Return the document that `--config` and `--adapter` name. Raises `SnakeError`.

    Without a name it is `./Caddyfile`; `-` is stdin. Caddy's rules decide what a
    file is: a Caddyfile if its name starts with `Caddyfile` or ends in
    `.caddyfile`, or if the adapter says so; else JSON. `files` gets the paths of all that it
    is in, some with wildcards, even if it cannot be read.
    """
    if adapter is not None and adapter not in ADAPTERS:
        raise SnakeError(f'unknown adapter "{adapter}"{suggestion(adapter, ADAPTERS)}')
    files = [] if files is None else files
    files.append(config or "Caddyfile")
    name = config or beside()
    data = read(name)
    if not is_caddyfile(name, adapter):
        return decoded(data, name)
    loaded, warnings = adapt_caddyfile(data, name, files)
    for warning in warnings:
        place = {"adapter": "caddyfile", "file": warning.file, "line": warning.line}
        logger.warning(warning.text, extra={"fields": place})
    return loaded


def load_if_any(config: str | None, adapter: str | None, files: list[str] | None = None) -> Loaded:
    """Load as `load` does, but for no name and no `./Caddyfile`: that is no configuration at all.

    Raises `SnakeError`.
    """
    if config is not None or adapter is not None or Path("Caddyfile").is_file():
        return load(config, adapter, files)
    logger.warning(
        "there is no Caddyfile in this folder, so nothing is served until a configuration comes "
        "by the admin API; write a Caddyfile, or name a configuration with --config"
    )
    return nothing()


def nothing() -> Loaded:
    """Return no configuration: what runs before there is any."""
    return Loaded(Document(), written=msgspec.Raw(b"null"))


def warm() -> None:
    """Do ahead of time what reading any Caddyfile takes."""
    from snake.adapter import adapt, origins  # noqa: F401, PLC0415  (likewise)
    from snake.caddyfile.grammar import caddyfile  # noqa: PLC0415

    caddyfile()


def beside() -> str:
    """Return the Caddyfile of this folder. Raises `SnakeError` when it has none."""
    if Path("Caddyfile").is_file():
        return "Caddyfile"
    raise SnakeError(
        "there is no Caddyfile in this folder; write one, or name a configuration with --config"
    )


def read(name: str) -> bytes:
    """Return what is in a file, or in stdin for `-`. Raises `SnakeError`."""
    if name == "-":
        logger.info("using config from stdin")
        return sys.stdin.buffer.read()
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise SnakeError(f"cannot read {name}: {error.strerror}") from None
    logger.info("using config from file", extra={"fields": {"file": name}})
    return data


def is_caddyfile(name: str, adapter: str | None) -> bool:
    """Whether a file with this name is a Caddyfile; an adapter that is given says it."""
    if adapter is not None:
        return adapter == "caddyfile"
    base = Path(name).name.lower()
    if base.endswith(".json"):
        return False
    return base.startswith("caddyfile") or base.endswith(".caddyfile")


def decoded(data: bytes, name: str) -> Loaded:
    """Read a JSON document; `name` is what errors call it, if anything. Raises `SnakeError`."""
    text = decode_utf8(data, name)
    try:
        document = decode(without_ids(data), Document)
        check(document, registry())
    except ConfigError as error:
        whose = f"{name}: " if name else ""
        raise _malformed(text, name) or SnakeError(f"{whose}{error}") from None
    return Loaded(document, written=msgspec.Raw(data))


def _malformed(text: str, name: str) -> SnakeError | None:
    """Return what is wrong with the syntax of JSON, with line and column; `None` if nothing is."""
    # The standard library's parser is slow, and says these better.
    import json  # noqa: PLC0415

    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        # The global options of a Caddyfile begin with a brace as well.
        is_json = re.match(r'\s*(\{\s*["}]|\[)', text) is not None
        hint = "" if is_json else "; if it is a Caddyfile, add --adapter caddyfile"
        place = f"{name}:{error.lineno}:{error.colno}"
        said = error.msg.removesuffix(" at").removesuffix(" starting")  # what follows is the place
        message = f"{said[:1].lower()}{said[1:]}"
        return SnakeError(f"{place}: JSON is malformed: {message}{hint}")
    except RecursionError:
        return SnakeError(f"{name}: JSON is nested too deeply")
    return None


def adapt_caddyfile(
    data: bytes, name: str, files: list[str] | None = None
) -> tuple[Loaded, list[CaddyfileWarning]]:
    """Adapt a Caddyfile with every word that is installed. Raises `SnakeError`.

    `files` gets the paths of what it imports.
    """
    # A JSON configuration needs neither the grammar nor the directives.
    from snake.adapter.adapt import adapt  # noqa: PLC0415
    from snake.adapter.origins import Origins  # noqa: PLC0415
    from snake.standard import catalogue  # noqa: PLC0415

    odd: list[CaddyfileWarning] = []
    text = as_text(data, lambda line, what: odd.append(CaddyfileWarning(name, line, "", what)))
    origins = Origins(files)
    document, warnings = adapt(text, name, catalogue(), origins)
    return Loaded(document, origins.encode()), [*odd, *warnings]
