"""Load: an app by its name, `module:attribute`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from functools import partial
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from snake.app.failure import describe
from snake.core.errors import StartError
from snake.core.suggest import suggestion


def load_app(name: str) -> Any:  # noqa: ANN401 - whatever the user has written
    """Import `module:attribute` (dots allowed in both). Raises `StartError`, which says why not."""
    module_name, colon, attributes = name.partition(":")
    if not (module_name and colon and attributes):
        raise StartError(f'invalid app "{name}"; expected module:attribute, like main:app')
    module = _import(name, module_name)
    app: Any = module
    for attribute in attributes.split("."):
        app = _attribute(name, app, attribute)
    if not callable(app):
        raise StartError(f'the app "{name}" is not callable: it is of type {type(app).__name__}')
    return app


def is_asgi(app: Any) -> bool:  # noqa: ANN401
    """Whether an app is called as ASGI apps are: a coroutine function, or three arguments."""
    while isinstance(app, partial):
        app = app.func
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(
        getattr(app, "__call__", None)  # noqa: B004 - the method itself is asked
    ):
        return True
    return _takes(app, 3) and not _takes(app, 2)


def is_wsgi(app: Any) -> bool:  # noqa: ANN401
    """Whether an app can only be WSGI: it takes two arguments and not three."""
    return not is_asgi(app) and _takes(app, 2) and not _takes(app, 3)


def _takes(app: Any, count: int) -> bool:  # noqa: ANN401
    try:
        inspect.signature(app).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def _import(name: str, module: str) -> ModuleType:
    _refuse_taken(name, module.partition(".")[0])
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise _failed(name, error) from None
        hint = suggestion(error.name.rpartition(".")[2], _modules_here(error.name))
        raise StartError(
            f'cannot load the app "{name}": there is no module "{error.name}" '
            f"in {sys.path[0] or Path.cwd()} or the installed packages{hint}"
        ) from None
    except BaseException as error:  # noqa: BLE001 - whatever an app raises, it is no signal
        raise _failed(name, error) from None


def _refuse_taken(name: str, top: str) -> None:
    """Refuse a file of the app's folder whose name an imported module has: it would not be found.

    Raises `StartError`.
    """
    found = PathFinder.find_spec(top, sys.path[:1])
    loaded = sys.modules.get(top)
    if found is None or found.origin is None or loaded is None:
        return
    other = getattr(loaded, "__file__", None)
    if other is None or not Path(other).exists() or not Path(other).samefile(found.origin):
        raise StartError(
            f'cannot load the app "{name}": the name "{top}" is taken by a module that Python or '
            f"snake has imported already, {other or 'a part of Python itself'}; "
            f"give {found.origin} another name"
        )


def _failed(name: str, error: BaseException) -> StartError:
    return StartError(f'the app "{name}" failed while it was imported:\n\n{describe(error)}')


def _modules_here(missing: str) -> Iterable[str]:
    """Return the names of modules beside the missing one, for a hint."""
    folder = Path(sys.path[0] or ".").joinpath(*missing.split(".")[:-1])
    try:
        return [entry.stem for entry in folder.iterdir() if _is_module(entry)]
    except OSError:
        return []


def _is_module(entry: Path) -> bool:
    return entry.suffix == ".py" or (entry / "__init__.py").is_file()


def _attribute(name: str, owner: Any, attribute: str) -> Any:  # noqa: ANN401
    try:
        return getattr(owner, attribute)
    except AttributeError:
        known = [key for key in dir(owner) if not key.startswith("_")]
        kind = "module" if isinstance(owner, ModuleType) else "object"
        what = getattr(owner, "__name__", type(owner).__name__)
        raise StartError(
            f'cannot load the app "{name}": the {kind} "{what}" has no attribute "{attribute}"'
            f"{suggestion(attribute, known) or _nearest_app(owner, known)}"
        ) from None


def _nearest_app(owner: Any, known: list[str]) -> str:  # noqa: ANN401
    """Name the objects that could have been meant: usual names for an app that are there."""
    usual = [key for key in ("app", "application", "asgi", "wsgi", "api", "main") if key in known]
    callables = [key for key in usual if callable(getattr(owner, key, None))]
    return f'; did you mean "{callables[0]}"?' if callables else ""
