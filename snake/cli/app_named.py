"""Whether the app that a flag names is there, told without importing it."""

from __future__ import annotations

import ast
from pathlib import Path

from snake.cli.find_app import find_app, named
from snake.core.errors import SnakeError
from snake.core.suggest import suggestion


def app_named(folder: Path, app: str, kind: str) -> tuple[str, str]:
    """Return the app of a folder, and what it is. Raises `SnakeError` when it is not in there.

    `app` is `main:app`, `main` or `main.py`, or nothing: then it is the one that is found.
    """
    try:
        found = named(folder, app) if app else find_app(folder, kind)
    except SnakeError as error:
        # The folder is one to work in, which nobody knows.
        raise SnakeError(str(error).replace(str(folder), "the app's folder")) from None
    _check(folder, found.module, found.attribute)
    return found.name, kind or found.kind or "wsgi"


def _check(folder: Path, module: str, attribute: str) -> None:
    place = folder.joinpath(*module.split("."))
    file = next((each for each in (place.with_suffix(".py"), place / "__init__.py")
                 if each.is_file()), None)  # fmt: skip
    if file is None:
        if place.is_dir() or list(place.parent.glob(f"{place.name}.*.so")):
            return  # a namespace package, or machine code: nothing is seen from outside
        near = suggestion(module, (path.name.removesuffix(".py") for path in folder.iterdir()))
        raise SnakeError(f'--app "{module}:{attribute}": the app has no module {module}{near}')
    names = _names(ast.parse(file.read_bytes()))
    first = attribute.partition(".")[0].partition("(")[0]
    if names is not None and first not in names:
        raise SnakeError(
            f'--app "{module}:{attribute}": {file.relative_to(folder)} has no '
            f"{first}{suggestion(first, names)}"
        )


def _names(tree: ast.Module) -> set[str] | None:
    """Return the names that a module has when it is imported; `None` if they are not to be seen."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(each.asname or each.name).partition(".")[0] for each in node.names}
    hidden = {"*", "__getattr__"} & names
    changed = any(
        isinstance(node, ast.Name) and node.id in ("globals", "vars", "setattr", "exec")
        for node in ast.walk(tree)
    )
    return None if hidden or changed else names
