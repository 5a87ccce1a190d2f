"""Find the app of a folder: by the names that apps usually have, and without importing any.

The files and names are those that `flask run`, `fastapi run`, uvicorn and Django's `manage.py`
know. What an object is, is told by the class or function that makes it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from snake.core.errors import SnakeError
from snake.core.record import Record
from snake.core.suggest import suggestion

FILES = ("main", "app", "asgi", "wsgi", "api", "server", "application", "app.main", "app.app")
"""The modules that are looked at."""
NAMES = ("app", "application", "api", "asgi", "wsgi")
"""What apps are called; in a module with several the first of these is meant."""
FACTORIES = ("create_app", "make_app", "get_app", "create_application")
ASGI = frozenset(
    {
        *("FastAPI", "Starlette", "Litestar", "Quart", "Sanic", "BlackSheep", "Robyn", "Esmerald"),
        *("ASGIApp", "ProtocolTypeRouter", "get_asgi_application", "AsyncApp"),
        *("WsgiToAsgi", "WSGIMiddleware", "falcon.asgi.App", "blacksheep.Application"),
    }
)
WSGI = frozenset(
    {
        *("Flask", "APIFlask", "OpenAPI", "Bottle", "default_app", "get_wsgi_application"),
        *("WSGIApp", "make_wsgi_app", "falcon.App", "falcon.API", "bottle.app"),
    }
)
"""The classes and functions that make apps: the last name, or all of it where that says little."""


class Candidate(Record):
    """An object that seems to be an app."""

    module: str
    attribute: str
    kind: str = ""
    """`asgi` or `wsgi`; empty when that is not to be seen."""
    maker: str = ""
    """What makes it, as written."""
    line: int = 0
    origin: str = ""
    """Where it was imported from, as `module:attribute`."""

    @property
    def name(self) -> str:
        """The app, as `module:attribute`."""
        return f"{self.module}:{self.attribute}"


def find_app(folder: Path, kind: str = "") -> Candidate:
    """Return the one app of a folder, of this kind if one is given.

    Raises `SnakeError`, which lists what there is, for none and for several.
    """
    found = [each for module in FILES for each in in_module(folder, module)]
    found = list({each.name: each for each in (*found, *_django(folder, kind))}.values())
    names = {each.name for each in found}
    found = [each for each in found if each.origin not in names]
    fitting = [each for each in found if not kind or each.kind in ("", kind)]
    # Where a framework is seen at work, a call of something unknown is not the app.
    fitting = [each for each in fitting if each.kind] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise SnakeError(f"there are several apps; choose one with --app:\n{_listed(fitting)}")
    raise SnakeError(_none(folder, found, kind))


def named(folder: Path, app: str) -> Candidate:
    """Return the app that is meant by `main:app`, `main` or `main.py`. Raises `SnakeError`.

    What cannot be seen without importing it is left to whoever imports it.
    """
    module, _, attribute = app.partition(":")
    if module.endswith(".py") or "/" in module:
        module = module.removesuffix(".py").strip("./").replace("/", ".")
    found = list(in_module(folder, module, every=True))
    if attribute:
        same = [each for each in found if each.attribute == attribute]
        return same[0] if same else Candidate(module, attribute)
    usual = next(in_module(folder, module), None)
    if usual is not None:
        return usual
    if _file(folder, module) is None:
        near = suggestion(module, [path.stem for path in folder.glob("*.py")])
        raise SnakeError(f'--app "{app}": there is no module {module} in {folder}{near}')
    raise SnakeError(f'--app "{app}": {module} has no app that can be seen; {_EXPECTED}')


def in_module(folder: Path, module: str, *, every: bool = False) -> Iterator[Candidate]:
    """Yield the app of a module, if it has one; with `every`, all that could be one."""
    path = _file(folder, module)
    if path is None:
        return
    found = {each.attribute: each for each in _objects(path, module)}
    if every:
        yield from found.values()
        return
    usual = [found[name] for name in NAMES if name in found]
    made = [each for each in usual if each.kind] or usual
    yield from (made or [each for each in found.values() if each.kind])[:1]


def _file(folder: Path, module: str) -> Path | None:
    base = folder.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        reason = getattr(error, "msg", None) or str(error)
        raise SnakeError(f"{path}:{line}: {reason}") from None


def _objects(path: Path, module: str) -> Iterator[Candidate]:
    """Yield what a module holds that could be an app, in order."""
    imports: dict[str, str] = {}
    for node in _statements(_tree(path)):
        if isinstance(node, ast.Import):
            imports |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(node, module)
            imports |= {each.asname or each.name: f"{source}.{each.name}" for each in node.names}
            yield from _imported(node, module, source)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name in NAMES and (kind := _kind_of_function(node)):
                yield Candidate(module, node.name, kind, "a function", node.lineno)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            yield from _assigned(node, node.value, module, imports)


def _imported(node: ast.ImportFrom, module: str, source: str) -> Iterator[Candidate]:
    for alias in node.names:
        name = alias.asname or alias.name
        if name in NAMES:
            yield Candidate(module, name, line=node.lineno, origin=f"{source}:{alias.name}")


def _assigned(
    node: ast.Assign | ast.AnnAssign, call: ast.Call, module: str, imports: dict[str, str]
) -> Iterator[Candidate]:
    maker = ast.unparse(call.func)
    kind = _kind_of_call(maker, imports)
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if isinstance(target, ast.Name) and (kind or target.id in NAMES):
            yield Candidate(module, target.id, kind, maker, node.lineno)


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run on import, those in `if` and `try` too."""
    waiting: list[ast.stmt] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
                continue
            waiting += reversed([*node.body, *getattr(node, "orelse", [])])


def _absolute(node: ast.ImportFrom, module: str) -> str:
    """Return the module that a `from` names."""
    if not node.level:
        return node.module or ""
    parents = module.split(".")[: -node.level]
    return ".".join([*parents, *filter(None, [node.module])])


def _kind_of_call(maker: str, imports: dict[str, str]) -> str:
    first, dot, rest = maker.partition(".")
    whole = imports.get(first, first) + dot + rest
    for kind, makers in (("asgi", ASGI), ("wsgi", WSGI)):
        if whole in makers or whole.rpartition(".")[2] in makers:
            return kind
    return ""


def _kind_of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    count = len(node.args.posonlyargs) + len(node.args.args)
    if isinstance(node, ast.AsyncFunctionDef):
        return "asgi" if count == 3 else ""  # noqa: PLR2004  (scope, receive, send)
    return "wsgi" if count == 2 else ""  # noqa: PLR2004  (environ, start_response)


def _django(folder: Path, kind: str) -> Iterator[Candidate]:
    """Yield the app of a Django project, which its `manage.py` names.

    Every project has an `asgi.py`; it is meant where it is asked for, and where it does more than
    the one that Django makes.
    """
    manage = folder / "manage.py"
    if not manage.is_file():
        return
    settings = next(
        (
            str(node.args[1].value)
            for node in ast.walk(_tree(manage))
            if isinstance(node, ast.Call)
            and [each.value for each in node.args if isinstance(each, ast.Constant)][:1]
            == ["DJANGO_SETTINGS_MODULE"]
            and len(node.args) > 1
            and isinstance(node.args[1], ast.Constant)
        ),
        "",
    )
    project = settings.partition(".")[0]
    if not project:
        return
    wsgi = list(in_module(folder, f"{project}.wsgi"))
    asgi = list(in_module(folder, f"{project}.asgi"))
    plain = all(each.maker == "get_asgi_application" for each in asgi)
    yield from asgi if kind == "asgi" or not wsgi or (not kind and not plain) else wsgi


def _listed(candidates: list[Candidate]) -> str:
    width = max(len(each.name) for each in candidates)
    return "\n".join(
        f"  --app {each.name:{width}}  {_made(each)}, line {each.line}" for each in candidates
    )


def _made(candidate: Candidate) -> str:
    if candidate.origin:
        return f"from {candidate.origin.partition(':')[0]}"
    kind = candidate.kind.upper() or "WSGI or ASGI"
    return f"{candidate.maker} ({kind})"


def _none(folder: Path, others: list[Candidate], kind: str) -> str:
    if others:
        return f"there is no {kind.upper()} app here, but\n{_listed(others)}"
    for module in FILES:
        path = _file(folder, module)
        if path is None:
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef) and node.name in FACTORIES:
                return (
                    f"{module} has the factory {node.name}, and no app; make one in a module, "
                    f"and name it with --app: app = {node.name}()"
                )
    looked = ", ".join(f"{module.replace('.', '/')}.py" for module in FILES)
    return f"found no app in {folder}: looked into {looked} and manage.py; {_EXPECTED}"


_EXPECTED = "name it with --app, like --app main:app"
