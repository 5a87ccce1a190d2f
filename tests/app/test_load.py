"""Finding an app by its name, and saying why there is none."""

from __future__ import annotations

import functools
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snake.app.load import is_asgi, is_wsgi, load_app
from snake.core.errors import StartError

FILES = {
    "fine.py": "def app(environ, start_response): ...\nclass box:\n    inner = app\n",
    "text.py": "app = 'text'\n",
    "broken.py": "import json\n\ndef boom():\n    return json.loads('{')\n\nboom()\n",
    "syntax.py": "def app(:\n",
    "needs.py": "import no_such_package_at_all\n",
    "leaves.py": "raise SystemExit('bye')\n",
    "interrupts.py": "raise KeyboardInterrupt\n",
    "platform.py": "def app(environ, start_response): ...\n",
    "time/__init__.py": "def app(environ, start_response): ...\n",
    "pack/__init__.py": "",
    "pack/web.py": "def application(environ, start_response): ...\n",
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with modules, first in the path, of which nothing stays imported."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["fine:app", "fine:box.inner", "pack.web:application"])
def test_app_is_found(name: str) -> None:
    """Modules and attributes may have dots."""
    assert callable(load_app(name))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fine", 'invalid app "fine"; expected module:attribute, like main:app'),
        ("fine:", 'invalid app "fine:"'),
        (":app", 'invalid app ":app"'),
        ("fin:app", 'there is no module "fin"'),
        ("fin:app", 'did you mean "fine"?'),
        ("pack.wob:application", 'there is no module "pack.wob"'),
        ("pack.wob:application", 'did you mean "web"?'),
        ("fine:ap", 'the module "fine" has no attribute "ap"; did you mean "app"?'),
        ("fine:server", 'did you mean "app"?'),
        ("fine:box.outer", 'the object "box" has no attribute "outer"'),
        ("text:app", 'the app "text:app" is not callable: it is of type str'),
        ("broken:app", "JSONDecodeError"),
        ("syntax:app", "SyntaxError"),
        ("needs:app", "No module named 'no_such_package_at_all'"),
        ("leaves:app", "SystemExit: bye"),
        ("interrupts:app", 'interrupts.py", line 1, in <module>'),
        ("platform:app", 'the name "platform" is taken by a module that Python or snake has'),
        ("platform:app", f"already, {platform.__file__}; give "),
        ("platform:app", "/platform.py another name"),
        ("platform.main:app", 'the name "platform" is taken'),
        ("time:app", "a part of Python itself"),
    ],
)
def test_error_says_what_is_wrong(name: str, message: str) -> None:
    """What cannot be loaded is named, with what was probably meant."""
    with pytest.raises(StartError) as caught:
        load_app(name)

    assert message in str(caught.value)


def test_traceback_of_an_import_is_the_apps_own() -> None:
    """An import that fails shows the app's frames, and none of the server's or importlib's."""
    with pytest.raises(StartError) as caught:
        load_app("broken:app")

    text = str(caught.value)
    assert "broken.py" in text
    assert "in boom" in text
    assert "load.py" not in text
    assert "importlib" not in text


class CallableASGI:
    """An app as FastAPI's are."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer."""


class CallableWSGI:
    """An app as Flask's are."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer."""


async def coroutine(scope: Any, receive: Any, send: Any) -> None: ...


def plain(environ: Any, start_response: Any) -> Any: ...


def returns_awaitable(scope: Any, receive: Any, send: Any) -> Any: ...


def anything(*args: Any) -> Any: ...


@pytest.mark.parametrize(
    ("app", "asgi", "wsgi"),
    [
        (CallableASGI(), True, False),
        (CallableWSGI(), False, True),
        (coroutine, True, False),
        (plain, False, True),
        (returns_awaitable, True, False),
        (functools.partial(coroutine), True, False),
        (functools.partial(plain), False, True),
        (anything, False, False),
    ],
)
def test_kind_of_an_app_is_seen(app: Any, asgi: bool, wsgi: bool) -> None:  # noqa: FBT001
    """Coroutine functions and three arguments are ASGI, two arguments are WSGI."""
    assert (is_asgi(app), is_wsgi(app)) == (asgi, wsgi)
