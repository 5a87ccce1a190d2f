"""Placement: which apps run in the workers, and which in a pool of processes of their own.

An app runs embedded when nothing keeps it apart from the first that does: it has the same
folder, packages and environment. All others get a pool.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from snake.config.document import Document, encode
from snake.core.errors import ConfigError
from snake.core.record import Record
from snake.python.cache import variables
from snake.python.fields import PythonFields
from snake.python.handlers import handlers
from snake.python.venv import is_for_another_python


class Placed(Record):
    """One `python` handler, and where its app runs."""

    path: str
    """Its place, as `apps/http/servers/srv0/routes/0/handle/0`."""
    fields: PythonFields
    pooled: bool
    reason: str


def placements(document: Document) -> list[Placed]:
    """Return every `python` handler of a document with where its app runs, in order.

    A handler that is no module at all (a field of the wrong type) is left out:
    the module system says what is wrong with it.
    """
    first: PythonFields | None = None
    placed = []
    for path, node in handlers(msgspec.json.decode(encode(document))):
        fields = _fields(node)
        if fields is None:
            continue
        reason = _apart(fields, first)
        placed.append(Placed(path, fields, bool(reason), reason or "nothing keeps it apart"))
        if not reason:
            first = first or fields
    return placed


def _fields(node: dict[str, Any]) -> PythonFields | None:
    try:
        return msgspec.convert({k: v for k, v in node.items() if k != "handler"}, PythonFields)
    except (msgspec.ValidationError, ConfigError):
        return None


def _apart(fields: PythonFields, first: PythonFields | None) -> str:
    """Return what keeps an app out of the workers; nothing when it may run in them."""
    return next(_obstacles(fields, first), "")


def _obstacles(fields: PythonFields, first: PythonFields | None) -> Iterator[str]:
    if fields.dynamic is not None:
        yield f"placeholders choose it: {fields.dynamic[1]}"
    if fields.isolation is not None and fields.isolation.backend != "none":
        yield f"isolation {fields.isolation.backend}"
    if fields.autoreload not in ("", "off"):
        yield "autoreload"
    if fields.python_path and not _is_ours(fields.python_path):
        yield f"another interpreter, {fields.python_path}"
    if fields.venv_path and is_for_another_python(Path(fields.venv_path)):
        yield f"a venv of another Python, {fields.venv_path}"
    if first is not None and (different := _differences(fields, first)):
        yield f"another {' and '.join(different)} than the app {first.name}"


def _is_ours(interpreter: str) -> bool:
    return Path(interpreter).absolute() == Path(sys.executable).absolute()


def _differences(one: PythonFields, other: PythonFields) -> list[str]:
    """Return the settings in which the environments of two apps differ."""
    names = {
        "working_dir": "working_dir",
        "venv_path": "venv",
        "env_files": "env_file",
        "env_vars": "env_var",
    }
    different = [n for field, n in names.items() if getattr(one, field) != getattr(other, field)]
    caches = variables(one.cache), variables(other.cache)
    return different if caches[0] == caches[1] else [*different, "cache"]
