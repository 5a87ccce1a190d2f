"""Placement: which apps run in the workers, and which in a pool of processes of their own.

An app runs embedded when nothing keeps it apart from the first that does: it has the same
folder, packages and environment, and no package in another version than a worker has. All
others get a pool.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from snake.config.document import Document, encode
from snake.core.errors import ConfigError, StartError
from snake.core.record import Record
from snake.python.cache import variables
from snake.python.fields import PythonFields
from snake.python.handlers import handlers
from snake.python.imported import imported, module_of
from snake.python.interpreter import is_ours, venv_of
from snake.python.packages import Installed, look, ours
from snake.python.venv import OURS, is_for_another_python, site_packages

PACKAGE = Path(__file__).parents[1]
"""The folder of the package `snake`."""


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
    encoded = encode(document)
    first: PythonFields | None = None
    placed = []
    for path, node in handlers(msgspec.json.decode(encoded)):
        fields = _fields(node)
        if fields is None:
            continue
        reason = next(_obstacles(fields, first, encoded), "")
        placed.append(Placed(path, fields, bool(reason), reason or "nothing keeps it apart"))
        if not reason:
            first = first or fields
    return placed


def _fields(node: dict[str, Any]) -> PythonFields | None:
    try:
        return msgspec.convert({k: v for k, v in node.items() if k != "handler"}, PythonFields)
    except (msgspec.ValidationError, ConfigError):
        return None


def _obstacles(fields: PythonFields, first: PythonFields | None, document: bytes) -> Iterator[str]:
    """Yield what keeps an app out of the workers; nothing when it may run in them."""
    cwd = Path.cwd()
    if fields.dynamic is not None:
        yield f"placeholders choose it: {fields.dynamic[1]}"
    if fields.isolation is not None and fields.isolation.backend != "none":
        yield f"isolation {fields.isolation.backend}"
    if fields.autoreload not in ("", "off"):
        yield "autoreload"
    if fields.python_path and not is_ours(fields.python_path, cwd):
        yield f"another interpreter, {fields.python_path}"
    venv = venv_of(fields, cwd)
    if venv is not None and is_for_another_python(venv):
        yield f"a venv of another Python than {OURS}, {venv}"
    if first is not None and (different := _differences(fields, first)):
        yield f"another {' and '.join(different)} than the first app, {first.name}"
    yield from _clashes(cwd / fields.working_dir, venv, document)


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


def _clashes(folder: Path, venv: Path | None, document: bytes) -> Iterator[str]:
    """Yield what an app has that the workers have, too, and that is not the same.

    A folder or venv that is none has nothing: whoever enters it says what is wrong.
    """
    theirs = _packages_of(venv)
    here = look([folder])
    if "snake" in here.modules and not _is_home(folder):
        yield "its working_dir has a module snake, which is this server's name"
    if "snake" in theirs.modules and "snake-server" not in theirs.versions:
        yield "its venv has a package snake, which is this server's name"
    for name, word in imported(document):
        if module_of(name) in here.modules:
            yield f"its working_dir has a module {module_of(name)}, which {word or 'snake'} uses"
        version = theirs.versions.get(name)
        own = version and ours().versions.get(name)
        if own and version != own:
            runs = f"{word} uses" if word else "snake runs on"
            yield f"its venv has {name} {version}, and {runs} {own}"


def _packages_of(venv: Path | None) -> Installed:
    try:
        return look(site_packages(venv) if venv is not None else [])
    except StartError:
        return look([])


def _is_home(folder: Path) -> bool:
    return (folder / "snake").exists() and (folder / "snake").samefile(PACKAGE)
