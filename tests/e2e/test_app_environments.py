"""Apps with packages of their own, side by side in one configuration."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
import msgspec
import pytest
from websockets.sync.client import connect

from tests.server import Server, run, running
from tests.venvs import VERSION, empty, interpreter, packages, pretend, venv_with

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(msgspec.__version__ == "0.20.0", reason="the apps have another version"),
]

OLD = ("flask==2.2.5", "werkzeug==2.2.3", "click==8.1.3", "h11==0.14.0", "pydantic==1.10.24")
NEW = ("flask==3.0.3", "werkzeug==3.0.6", "pydantic==2.12.5", "msgspec==0.20.0")
NEW_WHY = f"its venv has msgspec 0.20.0, and snake runs on {msgspec.__version__}"

FLASK = """
from importlib.metadata import version
import os, sys
from flask import Flask
import pydantic

app = Flask(__name__)

class Item(pydantic.BaseModel):
    id: int

@app.route("/<path:path>")
def versions(path):
    names = path.split("+")
    parsed = [getattr(sys.modules.get(n) or __import__(n), "__version__", None) or version(n)
              for n in names]
    return [Item(id="7").id, *parsed]
"""
BOTH = """{
	admin off
}
:PORT {
	handle_path /old/* {
		python {
			module_wsgi main:app
			venv %s
			workers 1
		}
	}
	handle_path /new/* {
		python {
			module_wsgi main:app
			venv %s
			workers 1
		}
	}
}
"""


def places(server: Server) -> list[tuple[str, str]]:
    """Return where each app runs, and why, by the log."""
    return [
        (record["msg"], record["because"])
        for record in server.records
        if record["msg"].startswith("app runs")
    ]


def test_two_versions_of_everything(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Flask 2 and Flask 3, pydantic 1 and 2, another click, h11 and msgspec run side by side."""
    old, new = venv_with(tmp_path_factory, *OLD), venv_with(tmp_path_factory, *NEW)
    (tmp_path / "main.py").write_text(FLASK)
    with running(BOTH % (old, new), tmp_path) as server:
        names = "flask+werkzeug+pydantic"
        seen = [httpx.get(f"{server.url}/{each}/{names}").json() for each in ("old", "new")]
        assert seen == [[7, "2.2.5", "2.2.3", "1.10.24"], [7, "3.0.3", "3.0.6", "2.12.5"]]
        assert httpx.get(f"{server.url}/old/click+h11").json() == [7, "8.1.3", "0.14.0"]
        assert httpx.get(f"{server.url}/new/msgspec").json() == [7, "0.20.0"]
        assert places(server) == [
            ("app runs in a pool", NEW_WHY),
            ("app runs in the workers", "nothing keeps it apart"),
        ]


def test_venv_with_another_msgspec_is_alone(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The only app of a configuration gets a pool if its venv clashes, and its own version."""
    venv = venv_with(tmp_path_factory, *NEW)
    (tmp_path / "main.py").write_text(FLASK)
    site = f":PORT {{\n\tpython {{\n\t\tmodule_wsgi main:app\n\t\tvenv {venv}\n\t}}\n}}\n"
    with running("{\n\tadmin off\n}\n" + site, tmp_path) as server:
        assert httpx.get(f"{server.url}/msgspec").json() == [7, "0.20.0"]
        assert places(server) == [("app runs in a pool", NEW_WHY)]


ASGI = """
import sys
import typing_extensions, snake_or_not

async def app(scope, receive, send):
    own = f"{typing_extensions.own} {snake_or_not.snake.own}"
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": own})
        await receive()
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": own.encode()})
"""


@pytest.mark.parametrize("embedded", [True, False])
def test_modules_that_snake_has_too(tmp_path: Path, *, embedded: bool) -> None:
    """An app gets its own `typing_extensions`, also in a worker, and its own `snake`, in a pool."""
    pretend(empty(tmp_path / "venv"), "typing_extensions", "1.0", "own = 'extended'\n")
    app = tmp_path / "app"
    app.mkdir()
    (app / "main.py").write_text(ASGI)
    own = "class snake: own = 'own'\n" if embedded else "import snake\n"
    (app / "snake_or_not.py").write_text(own)
    if not embedded:
        (app / "snake.py").write_text("own = 'own'\n")
    lines = ("module_asgi main:app", "working_dir app", "venv venv", "workers 1")
    site = "\n".join([":PORT {", "python {", *lines, "}", "}", ""])
    with running("{\nadmin off\n}\n" + site, tmp_path) as server:
        assert httpx.get(server.url).text == "extended own"
        with connect(f"ws://127.0.0.1:{server.port}/") as client:
            assert client.recv(5) == "extended own"
        command = ["curl", "-sS", "--http2-prior-knowledge", server.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
        assert done.stdout == "extended own", done.stderr
        where = "in the workers" if embedded else "in a pool"
        assert [msg for msg, _ in places(server)] == [f"app runs {where}"]


BARE = """
import os, sys
print("importing prints this")

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = [name for name in ("FROM_FILE", "FROM_LINE", "OUTER")]
    try:
        import msgspec
    except ImportError:
        msgspec = None
    import from_pythonpath
    told = ["%d.%d" % sys.version_info[:2], str(msgspec), sys.prefix, from_pythonpath.here]
    return [" ".join([*told, *(os.environ.get(name, "-") for name in names)]).encode()]
"""
VARIABLES = "\t\t\tenv_file .env\n\t\t\tenv_var FROM_LINE line\n\t\t\tenv_var PYTHONPATH more\n"


def test_other_interpreters(tmp_path: Path) -> None:
    """A pool needs of an interpreter nothing but the standard library, from Python 3.11 on.

    Files and lines of variables are in its environment, PYTHONPATH is followed, and what an app
    prints is no answer.
    """
    (tmp_path / "main.py").write_text(BARE)
    (tmp_path / ".env").write_text("FROM_FILE=file\nFROM_LINE=file\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "from_pythonpath.py").write_text("here = 'found'\n")
    venvs: dict[str, Path] = {}
    for version in ("3.11", "3.12", "3.13"):
        try:
            venvs[version] = empty(tmp_path / f"venv{version}", interpreter(version))
        except pytest.skip.Exception:
            continue
    if not venvs:
        pytest.skip("none of these Pythons is on this machine")
    sites = "".join(
        f"\thandle /{version} {{\n\t\tpython {{\n\t\t\tmodule_wsgi main:app\n\t\t\tworkers 1\n"
        f"\t\t\tpython_path {venv}/bin/python\n{VARIABLES}\t\t}}\n\t}}\n"
        for version, venv in venvs.items()
    )
    text = f"{{\n\tadmin off\n}}\n:PORT {{\n{sites}}}\n"
    with running(text, tmp_path, env={"OUTER": "outer"}) as server:
        for version, venv in venvs.items():
            expected = f"{version} None {venv} found file line outer"
            assert httpx.get(f"{server.url}/{version}").text == expected
        told = [record for record in server.records if record["msg"] == "app runs in a pool"]
        assert [record["python"].rpartition(".")[0] for record in told] == list(venvs)
        assert server.output.splitlines() == ["importing prints this"] * len(venvs)


def test_validate_says_where_apps_run(tmp_path: Path) -> None:
    """`snake validate` has a line for each app: where it runs, why, and on what."""
    venv = empty(tmp_path / "venv")
    pretend(venv, "msgspec", "0.18.6")
    assert packages(venv).is_dir()
    app = "def app(environ, start_response):\n    pass\n"
    (tmp_path / "main.py").write_text(app)
    (tmp_path / "other.py").write_text(app)
    (tmp_path / "Caddyfile").write_text(
        ":80 {\n\thandle /a {\n\t\tpython main:app\n\t}\n\thandle {\n\t\tpython {\n"
        "\t\t\tmodule_wsgi other:app\n\t\t\tvenv venv\n\t\t\tworkers 1\n\t\t}\n\t}\n}\n"
    )
    done = run("validate", folder=tmp_path)
    lines = done.stdout.splitlines()

    assert done.returncode == 0, done.stderr
    assert lines[0].startswith("app main:app runs in the workers: nothing keeps it apart; ")
    assert f"Python {VERSION}." in lines[0]
    assert lines[1].startswith(
        "app other:app runs in a pool: another venv than the first app, main:app; 1 process, "
    )
    assert lines[1].endswith(f", venv {venv}")
    assert lines[2:] == ["Valid configuration"]
