"""Apps that cannot start, or die: what the user is told."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from tests.server import run, running

pytestmark = pytest.mark.slow

SITE = """{
    admin off
}
http://127.0.0.1:0 {
    python {
        module_%s main:app
        workers 2
        %s
    }
}
"""


def start_failing(folder: Path, app: str, extra: str = "", kind: str = "wsgi") -> str:
    """Run a server that must not start; return what it says after `Error: `."""
    (folder / "main.py").write_text(app)
    (folder / "Caddyfile").write_text(SITE % (kind, extra))
    done = run("run", folder=folder)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("Error: ") >= 1
    return done.stderr.partition("Error: ")[2]


def test_an_import_that_fails_shows_its_own_traceback_once(tmp_path: Path) -> None:
    """The app's traceback is printed once, and none of snake's frames is in it."""
    said = start_failing(tmp_path, "def inner():\n    return 1 / 0\n\ninner()\n")
    assert said.count("ZeroDivisionError: division by zero") == 1
    assert said.count("Traceback") == 1
    assert 'main.py", line 2, in inner' in said
    assert "snake/engine" not in said


@pytest.mark.parametrize(
    ("app", "extra", "message"),
    [
        ("app = 1", "", "main:app"),
        ("application = print", "", "app"),
        ("import sys; sys.exit(3)", "", "SystemExit"),
        ("import os; os._exit(7)", "", "the worker ended before it was ready: exit code 7"),
        (
            "import os; os.kill(os.getpid(), 11)",
            "",
            "the worker ended before it was ready: signal SIGSEGV",
        ),
        ("import time; time.sleep(60)", "start_timeout 500ms", "0.5 s"),
        ("def app(e, s): ...", "venv nowhere", "nowhere"),
        ("def app(e, s): ...", "working_dir nowhere", "nowhere"),
    ],
)
def test_what_cannot_start_is_one_message(
    tmp_path: Path, app: str, extra: str, message: str
) -> None:
    """An app that does not come up stops the start with a message that says why."""
    assert message in start_failing(tmp_path, app, extra)


DIES = """
import os

def app(environ, start_response):
    if environ["PATH_INFO"] == "/die":
        os._exit(9)
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
"""


def test_an_app_that_ends_its_process_is_back(tmp_path: Path) -> None:
    """A request that kills the worker fails; the next one is served by another process."""
    (tmp_path / "main.py").write_text(DIES)
    site = (
        "{\nadmin off\n}\nhttp://127.0.0.1:PORT {\npython {\nmodule_wsgi main:app\nworkers 1\n}\n}"
    )
    with running(site, tmp_path) as server:
        first = int(httpx.get(server.url).text)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{server.url}/die")
        second = int(httpx.get(server.url, timeout=10).text)
        assert server.wait_for("worker died; starting another")["reason"] == "exit code 9"
    assert first != second


def test_a_worker_that_cannot_come_back_is_tried_again_more_slowly(tmp_path: Path) -> None:
    """When an app broke since the start, each new try is logged, until one works."""
    app = tmp_path / "main.py"
    app.write_text(DIES)
    site = (
        "{\nadmin off\n}\nhttp://127.0.0.1:PORT {\npython {\nmodule_wsgi main:app\nworkers 1\n}\n}"
    )
    with running(site, tmp_path) as server:
        app.write_text("raise RuntimeError('broken since')")
        os.kill(server.workers()[0], 9)
        failed = server.wait_for("worker cannot start; trying again", count=2)
        assert "broken since" in failed["error"]
        app.write_text(DIES)
        server.wait_for("worker started")
        assert httpx.get(server.url).status_code == 200


def test_a_failed_request_is_one_record(tmp_path: Path) -> None:
    """A request that fails is in the log once, with the app's own frames, beside the access log."""
    (tmp_path / "main.py").write_text(
        "def app(environ, start_response):\n    inner()\n\ndef inner():\n    return 1 / 0\n"
    )
    site = ":PORT {\nlog\npython {\nmodule_wsgi main:app\nworkers 1\n}\n}"
    with running(site, tmp_path) as server:
        assert httpx.get(f"{server.url}/x?y").status_code == 500
        server.wait_for("handled request")
        errors = [record for record in server.records if record["level"] == "error"]
    assert [record["msg"] for record in errors] == ["app failed", "handled request"]
    failed = errors[0]
    assert (failed["app"], failed["uri"]) == ("main:app", "/x?y")
    assert failed["error"] == "ZeroDivisionError: division by zero"
    assert failed["err_trace"] == "inner (main.py:5)"
    assert 'main.py", line 2, in app' in str(failed)
    assert "snake/python" not in str(failed)


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "SystemExit(1)", "BaseException", "1 / 0"])
@pytest.mark.parametrize("kind", ["wsgi", "asgi", "lifespan"])
def test_whatever_an_import_raises_is_the_apps(tmp_path: Path, error: str, kind: str) -> None:
    """Anything raised by an import or a lifespan is shown with the app's frames alone."""
    fail = f"    raise {error}\n"
    if kind == "lifespan":
        text, extra = f"async def app(scope, receive, send):\n{fail}", "lifespan on"
    else:
        text, extra = f"def inner():\n{fail}\ninner()\n", ""
    said = start_failing(tmp_path, text, extra, "wsgi" if kind == "wsgi" else "asgi")
    assert said.count("Traceback") == 1
    assert 'main.py", line 2, in ' in said
    assert "snake/" not in said
    assert "this is a bug" not in said
