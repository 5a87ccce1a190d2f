"""`autoreload`: saves as editors make them, in front of a real server."""

from __future__ import annotations

import os
import py_compile
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server import Server, running

pytestmark = pytest.mark.slow

APP = """
import os
import part

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", str(len(part.TEXT)))])
    return [part.TEXT]
"""
RELOADED = "app reloaded"
BROKEN = "app does not start; waiting for the next change"


def site(module: str = "module_wsgi", more: str = "") -> str:
    """Return a site whose app is in the folder `project`."""
    app = f"{module} main:app\n working_dir project\n workers 2\n autoreload {{\n ignore made\n }}"
    return f"{{\n admin off\n}}\n:PORT {{\n python {{\n {app}\n {more}\n}}\n}}\n"


def save(path: Path, text: str) -> None:
    """Save a file as an editor does: another one is written, and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.swp")
    fresh.write_text(text)
    fresh.replace(path)


def answers(server: Server, text: str, limit: float = 20.0) -> bool:
    """Whether the app comes to answer with this text."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if httpx.get(server.url, timeout=10).text == text:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of an app that answers `one`."""
    folder = tmp_path / "project"
    save(folder / "main.py", APP)
    save(folder / "part.py", "TEXT = b'one'")
    return folder


@pytest.fixture
def server(project: Path, tmp_path: Path) -> Iterator[Server]:
    """Serve it."""
    assert project
    with running(site(), tmp_path) as started:
        yield started


def test_a_save_brings_the_new_code(server: Server, project: Path) -> None:
    """A file that is replaced, or written to, is imported anew, and no request is refused."""
    save(project / "part.py", "TEXT = b'two'")
    assert answers(server, "two")
    (project / "part.py").write_text("TEXT = b'three'")
    assert answers(server, "three")
    assert server.wait_for(RELOADED)["changed"] == ["project/part.py"]


def test_two_saves_in_one_second_are_two(server: Server, project: Path) -> None:
    """Code that has the size and the second of what was imported last is imported all the same."""
    part = project / "part.py"
    py_compile.compile(str(part), doraise=True)
    second = part.stat().st_mtime_ns // 10**9 * 10**9
    fresh = project / "fresh"
    fresh.write_text("TEXT = b'two'")
    os.utime(fresh, ns=(second, second))
    fresh.replace(part)
    assert answers(server, "two")


def test_a_broken_save_is_shown_until_it_is_repaired(server: Server, project: Path) -> None:
    """The log has the traceback, clients on this machine a page, and the next good save heals."""
    save(project / "part.py", "TEXT = <b>1</b>")
    told = server.wait_for(BROKEN)
    assert "SyntaxError" in told["stacktrace"]
    assert answers_with_503(server)
    page = httpx.get(server.url, headers={"Accept": "text/html"})
    assert "TEXT = &lt;b&gt;1&lt;/b&gt;" in page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    plain = httpx.get(server.url, headers={"Accept": "*/*"})
    assert "SyntaxError" in plain.text
    for field in ("X-Forwarded-For", "Forwarded", "Via"):
        other = httpx.get(server.url, headers={field: "1.2.3.4"})
        assert (other.status_code, other.text) == (503, "")
    save(project / "part.py", "raise RuntimeError('again')")
    server.wait_for(BROKEN, count=2)
    save(project / "part.py", "TEXT = b'two'")
    assert answers(server, "two")


def answers_with_503(server: Server) -> bool:
    """Whether the app comes to be replaced by the page."""
    end = time.monotonic() + 20
    while httpx.get(server.url, timeout=10).status_code != 503:
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_a_request_under_way_is_finished_and_holds_nobody_up(project: Path, tmp_path: Path) -> None:
    """While the old code still answers a slow request, the new one answers all others."""
    slow = APP.replace("def app(environ, start_response):", "import time\n" + SLOW)
    save(project / "main.py", slow)
    with running(site(), tmp_path) as server:
        found: list[str] = []
        client = threading.Thread(
            target=lambda: found.append(httpx.get(f"{server.url}/slow", timeout=30).text)
        )
        client.start()
        assert exists(tmp_path / "project" / "asked")
        save(project / "part.py", "TEXT = b'two'")
        assert answers(server, "two")
        assert not found
        (project / "answer").touch()
        client.join(20)
        assert found == ["one"]


SLOW = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        open("asked", "w").close()
        while not os.path.exists("answer"):
            time.sleep(0.01)
"""


def exists(path: Path) -> bool:
    """Whether a file comes to be there."""
    end = time.monotonic() + 20
    while not path.exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_many_saves_are_one_change(server: Server, project: Path) -> None:
    """Twenty quick saves and several files at once: the last ones are what runs, soon."""
    for number in range(20):
        save(project / "part.py", f"TEXT = b'{number}'")
        save(project / "other.py", "")
        time.sleep(0.03)
    assert answers(server, "19")
    assert len([r for r in server.records if r["msg"] == RELOADED]) <= 3


def test_what_is_saved_during_a_reload_follows(server: Server, project: Path) -> None:
    """A save while the last one is being imported is not lost."""
    save(project / "part.py", "import time; time.sleep(1.5); TEXT = b'two'")
    time.sleep(1.0)
    save(project / "part.py", "TEXT = b'three'")
    assert answers(server, "three")
    time.sleep(0.2)
    assert answers(server, "three")


def test_a_start_that_does_not_end_is_given_up_for_the_next_save(
    server: Server, project: Path
) -> None:
    """An import that hangs holds no later save up; until then the old code answers."""
    assert answers(server, "one")
    save(project / "part.py", "import time\nopen('hangs', 'w').close()\ntime.sleep(600)")
    end = time.monotonic() + 20
    while not (project / "hangs").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert httpx.get(server.url).text == "one"
    save(project / "part.py", "TEXT = b'two'")
    assert answers(server, "two")


def test_only_what_counts_reloads(server: Server, project: Path) -> None:
    """Files of ignored folders and patterns, hidden ones and data change nothing; a template does.

    So do a new folder and what is in it.
    """
    for name in ("node_modules/a.py", ".git/a.py", "venv/a.py", "__pycache__/a.py", "made/a.py"):
        save(project / name, "")
    save(project / "data.sqlite", "")
    save(project / "sub" / "deep" / "new.html", "x")
    assert server.wait_for(RELOADED)["changed"][0].startswith("project/sub/deep")
    save(project / "sub" / "deep" / "new.py", "")
    assert server.wait_for(RELOADED, count=2)["changed"] == ["project/sub/deep/new.py"]


def test_links_and_editable_projects_are_followed(project: Path, tmp_path: Path) -> None:
    """A folder behind a link, and one that a `.pth` file of the venv names, are watched as well."""
    save(tmp_path / "shared" / "part.py", "TEXT = b'one'")
    (project / "part.py").unlink()
    save(project / "main.py", APP.replace("import part", "from linked import part"))
    (project / "linked").symlink_to(tmp_path / "shared")
    (tmp_path / "shared" / "loop").symlink_to(project)
    packages = tmp_path / "v" / "lib" / "python3.11" / "site-packages"
    save(packages / "mine.pth", f"import os\n{tmp_path / 'edited'}\n")
    save(tmp_path / "v" / "pyvenv.cfg", "version = 3.11")
    (tmp_path / "v" / "bin").mkdir()
    (tmp_path / "v" / "bin" / "python3").symlink_to(os.path.realpath(sys.executable))
    save(tmp_path / "edited" / "mine.py", "")
    with running(site(more=f"venv {tmp_path / 'v'}"), tmp_path) as server:
        save(tmp_path / "shared" / "part.py", "TEXT = b'two'")
        assert answers(server, "two")
        save(tmp_path / "edited" / "mine.py", "x = 1")
        assert server.wait_for(RELOADED, count=2)["changed"][0].endswith("edited/mine.py")


LIFESPAN = """
import os, part

def say(what):  # in one write: two processes share the file
    os.write(1, f"{what} {part.TEXT}\\n".encode())

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        say("up")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        say("down")
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": part.TEXT})
"""


def test_the_new_code_starts_before_the_old_ends(project: Path, tmp_path: Path) -> None:
    """Lifespan startup of the new processes runs before the shutdown of the old ones."""
    save(project / "main.py", LIFESPAN)
    with running(site("module_asgi", "lifespan on"), tmp_path) as server:
        save(project / "part.py", "TEXT = b'two'")
        assert answers(server, "two")
        assert server.stop() == 0
        lines = server.output.splitlines()
    assert sorted(lines[2:4]) == ["up b'two'"] * 2
    assert lines.count("down b'one'") == lines.count("down b'two'") == 2


def test_a_stop_during_a_reload_ends_all(server: Server, project: Path) -> None:
    """SIGTERM while new code is being imported ends the server with code 0."""
    save(project / "part.py", "open('importing', 'w').close()\nimport time; time.sleep(30)")
    assert exists(project / "importing")
    assert server.stop(signal.SIGTERM) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), 2)
    assert "Traceback" not in server.log
