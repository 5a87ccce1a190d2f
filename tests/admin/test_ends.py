"""The end by the API, and the configuration that is resumed after it."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import httpx

from tests.admin.asking import ROUTES, SITE, asked
from tests.caddy import binary
from tests.server import running

SLOW = """\
def app(environ, start_response):
    import time
    time.sleep(1)
    start_response("200 OK", [])
    return [b"done"]
"""


def test_stop_ends_gracefully(tmp_path: Path) -> None:
    """The client has its answer, requests to the sites have theirs, and the exit code is 0."""
    (tmp_path / "slow.py").write_text(SLOW)
    site = "http://127.0.0.1:PORT {\n\tpython {\n\t\tmodule_wsgi slow:app\n\t}\n}\n"
    answers: list[str] = []
    with asked(tmp_path, site) as api:
        client = threading.Thread(
            target=lambda: answers.append(httpx.get(api.server.url, timeout=20).text)
        )
        client.start()
        time.sleep(0.3)
        answer = api.send("POST", "/stop")
        client.join()
        code = api.server.wait()

    assert (answer.status_code, answer.content, code, answers) == (200, b"", 0, ["done"])


def test_caddy_can_stop_it(tmp_path: Path) -> None:
    """Its command knows nothing of snake."""
    with asked(tmp_path) as api:
        done = subprocess.run(
            [binary(), "stop", "--address", f"localhost:{api.admin}"],
            capture_output=True,
            check=False,
            timeout=20,
        )
        code = api.server.wait()

    assert (done.returncode, code) == (0, 0), done.stderr


def test_the_last_configuration_is_resumed(tmp_path: Path) -> None:
    """What the API changed is there again, IDs included; nobody else may read where it is kept."""
    route = {"@id": "mine", "handle": [{"handler": "static_response", "body": "by the API"}]}
    with asked(tmp_path) as api:
        assert api.send("PATCH", ROUTES, [route]).status_code == 200
    saved = tmp_path / "xdg/snake/autosave.json"
    assert saved.stat().st_mode & 0o777 == 0o600

    with asked(tmp_path, SITE.replace("hi", "from the file"), arguments=["--resume"]) as again:
        assert again.get("/id/mine") == route
        assert api.site() == "by the API"


def test_nothing_is_kept_with_persist_config_off(tmp_path: Path) -> None:
    """Then there is nothing to resume, and the file is read."""
    site = "{\n\tpersist_config off\n}\n" + SITE
    with running(site, tmp_path, "--resume") as server:
        assert server.wait_for("no autosave file exists; nothing to resume")
        assert httpx.get(server.url).text == "hi"

    assert not (tmp_path / "xdg/snake/autosave.json").exists()
