"""What is changed by the admin API runs; what cannot run has changed nothing."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.admin.asking import LISTEN, ROUTES, SITE, Asked, asked, refuses
from tests.server import free_port


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Run a server for all tests, each of which leaves it with its site."""
    with asked(tmp_path_factory.mktemp("changes")) as found:
        yield found


def respond(text: str) -> dict[str, object]:
    """Return a route that answers with a text."""
    return {"handle": [{"handler": "static_response", "body": text}]}


def test_a_change_runs_when_it_is_answered(api: Asked) -> None:
    """The next request to the site meets it, and the API has the client connect anew."""
    before = api.get(ROUTES)

    changed = api.send("PATCH", ROUTES, [respond("changed")])

    assert (changed.status_code, changed.headers["connection"]) == (200, "close")
    assert api.site() == "changed"
    same = api.send("PATCH", ROUTES, [respond("changed")])
    assert (same.status_code, same.headers.get("connection")) == (200, None)
    assert api.send("PATCH", ROUTES, before).status_code == 200
    assert api.site() == "hi"


def test_an_address_comes_and_goes(api: Asked) -> None:
    """A listener that is added answers, and one that is taken away does not."""
    port = free_port()

    assert api.send("POST", LISTEN, f"127.0.0.1:{port}").status_code == 200
    assert httpx.get(f"http://127.0.0.1:{port}").text == "hi"
    assert api.send("DELETE", f"{LISTEN}/1").status_code == 200
    assert refuses(port)


def test_no_request_is_lost_while_configurations_are_loaded(api: Asked) -> None:
    """A client that asks all the time gets an answer to everything."""
    config = api.get("/config/")
    over = threading.Event()
    answers: list[str] = []

    def ask() -> None:
        while not over.is_set():
            answers.append(httpx.get(api.server.url).text)

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    loads = [
        api.send("POST", "/load", config, {"Cache-Control": "must-revalidate"}) for _ in range(3)
    ]
    over.set()
    for client in clients:
        client.join()

    assert [load.status_code for load in loads] == [200] * 3
    assert answers.count("hi") == len(answers) > 3


def test_writers_that_match_lose_nothing(api: Asked) -> None:
    """Each reads, and writes what it has read and its own, until nobody was faster."""
    path = "/config/logging/logs/writers/include"
    api.send("PUT", path, [])

    def write(name: str) -> None:
        with httpx.Client(base_url=f"http://localhost:{api.admin}", timeout=30) as client:
            while True:
                read = client.get(path)
                match = {"If-Match": read.headers["etag"]}
                answer = client.patch(path, json=[*read.json(), name], headers=match)
                if answer.status_code == 200:
                    return
                assert answer.status_code == 412, answer.text

    with ThreadPoolExecutor() as threads:
        list(threads.map(write, names := ["http.a", "http.b", "http.c", "http.d"]))

    assert sorted(api.get(path)) == names
    assert api.send("DELETE", "/config/logging").status_code == 200


def test_writers_of_one_array_lose_nothing(api: Asked) -> None:
    """What is appended at once is there, one after the other."""
    path = "/config/logging/logs/writers/include"
    api.send("PUT", path, [])
    names = [f"http.{number}" for number in range(4)]

    with ThreadPoolExecutor() as threads:
        answers = list(
            threads.map(
                lambda name: httpx.post(
                    f"http://localhost:{api.admin}{path}", json=name, timeout=30
                ),
                names,
            )
        )

    assert {answer.status_code for answer in answers} == {200}
    assert sorted(api.get(path)) == names
    assert api.send("DELETE", "/config/logging").status_code == 200


SERVER = '{"apps": {"http": {"servers": {"s": {"listen": ["127.0.0.1:0"], "routes": [%s]}}}}}'
BROKEN = {
    "a field that is none": '{"apps": {"http": {"nope": 1}}}',
    "an app that is none": '{"apps": {"nope": {}}}',
    "a module that is none": SERVER % '{"handle": [{"handler": "nope"}]}',
    "an app of Python that is not there": SERVER
    % '{"handle": [{"handler": "python", "module_wsgi": "nowhere:app"}]}',
    "an address that is taken": SERVER.replace("127.0.0.1:0", "127.0.0.1:TAKEN") % "",
    "an admin address that is none": '{"admin": {"listen": "localhost:nope"}}',
    "several admin addresses": '{"admin": {"listen": "localhost:4000-4001"}}',
    "an admin address that is taken": '{"admin": {"listen": "127.0.0.1:TAKEN"}}',
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_run_changes_nothing(api: Asked, name: str) -> None:
    """The site, the configuration and the admin address are what they were."""
    before = api.client.get("/config/")
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = json.loads(BROKEN[name].replace("TAKEN", str(taken.getsockname()[1])))
        config.setdefault("admin", {"listen": f"localhost:{port}"})
        refused = api.load(config)

    assert refused.status_code == 400, refused.text
    assert refused.json()["error"].startswith("loading config: loading new config: ")
    assert refuses(port)
    after = api.client.get("/config/")
    assert (after.text, after.headers["etag"]) == (before.text, before.headers["etag"])
    assert api.site() == "hi"


def test_the_admin_address_moves(api: Asked) -> None:
    """The new one answers from then on, and the old one no longer."""
    port = free_port()

    assert api.send("PUT", "/config/admin", {"listen": f"localhost:{port}"}).status_code == 200

    assert refuses(api.admin)
    there = f"http://localhost:{port}"
    assert httpx.get(f"{there}/config/admin/listen").json() == f"localhost:{port}"
    assert httpx.delete(f"{there}/config/admin", timeout=20).status_code == 200
    assert refuses(port)
    assert api.site() == "hi"


def test_a_caddyfile_is_loaded(api: Asked) -> None:
    """Its Content-Type names the adapter; an error names line and word, and warnings come back."""
    config = api.get("/config/")
    caddyfile = SITE.replace("PORT", str(api.server.port)).replace("hi", "adapted")
    kind = {"Content-Type": "text/caddyfile"}

    loaded = api.client.post("/load", content=caddyfile, headers=kind)
    text = api.site()
    odd = api.client.post("/load", content=caddyfile.replace("\t", "  "), headers=kind)
    wrong = api.client.post("/load", content=caddyfile.replace("respond", "repsond"), headers=kind)

    assert (loaded.status_code, loaded.content, text) == (200, b"", "adapted")
    assert odd.json()["warnings"][0]["line"] == 2
    assert wrong.status_code == 400
    assert "Caddyfile:2: unrecognized directive: repsond" in wrong.json()["error"]
    assert 'did you mean "respond"?' in wrong.json()["error"]
    assert api.load(config).status_code == 200


def test_without_a_configuration_the_api_goes_on(api: Asked) -> None:
    """It is unloaded, and the site is gone; then another one comes."""
    config = api.get("/config/")

    assert api.send("DELETE", "/config/").status_code == 200
    assert api.get("/config/") is None
    assert refuses(api.server.port)
    assert api.load(config).status_code == 200
    assert api.site() == "hi"


def test_sigusr1_reads_the_file_that_a_client_names(api: Asked, tmp_path: Path) -> None:
    """A configuration of unknown origin is not overwritten by a file that it is not from."""
    config = api.get("/config/")
    file = tmp_path / "Caddyfile"
    file.write_text(SITE.replace("PORT", str(api.server.port)).replace("hi", "file"))
    api.send("PATCH", ROUTES, [respond("by the API")])

    api.server.send(signal.SIGUSR1)
    api.server.wait_for("the configuration is in no file that can be read again")
    origin = {"Caddy-Config-Source-File": str(file), "Caddy-Config-Source-Adapter": "caddyfile"}
    api.send("PATCH", ROUTES, [respond("by reload")], origin)
    api.server.send(signal.SIGUSR1)
    api.server.wait_for("reloaded the configuration")

    assert api.site() == "file"
    assert api.load(config).status_code == 200


def test_a_signal_meanwhile_undoes_the_load(tmp_path: Path) -> None:
    """The server ends at once, with no worker left of those that were being started."""
    slow = "import time\ntime.sleep(30)\n"
    (tmp_path / "slow.py").write_text(slow)
    with asked(tmp_path) as own:
        handler = {"handler": "python", "module_wsgi": "slow:app", "working_dir": str(tmp_path)}
        config = own.get("/config/")
        config["apps"]["http"]["servers"]["srv0"]["routes"] = [{"handle": [handler]}]

        def load() -> None:
            with suppress(httpx.HTTPError):
                own.load(config)

        thread = threading.Thread(target=load)
        thread.start()
        time.sleep(0.5)

        began = time.monotonic()
        code = own.server.stop()
        thread.join()

    assert code == 0
    assert time.monotonic() - began < 10
