"""Apps that requests choose: one for each host, in processes of its own."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tests.e2e import dynamic
from tests.e2e.dynamic import add, ask, messages, serving, starts, told

pytestmark = pytest.mark.slow


def test_each_host_has_code_folder_and_environment_of_its_own(tmp_path: Path) -> None:
    """Two tenants differ in what they run, where, and with which variables."""
    add(tmp_path, "one", "two")
    (tmp_path / "tenants" / "one" / ".env").write_text("SECRET=of one\n")
    (tmp_path / "tenants" / "two" / ".env").write_text("SECRET=of two\n")
    with serving(tmp_path, "env_file .env") as server:
        found = {name: told(server, name) for name in ("one", "two", "one")}
    for name, tells in found.items():
        folder = str(tmp_path.resolve() / "tenants" / name)
        assert (tells["code"], tells["cwd"], tells["path"]) == (name, folder, folder)
        assert (tells["tenant"], tells["env"]["SECRET"]) == (f"{name}.test", f"of {name}")
        assert tells["multiprocess"] is False
    assert found["one"]["pid"] != found["two"]["pid"]
    assert [starts(tmp_path, name) for name in ("one", "two")] == [1, 1]


def test_nothing_of_another_tenant_is_in_a_process(tmp_path: Path) -> None:
    """A variable of one tenant is in no other process, and nobody reads it in /proc."""
    add(tmp_path, "one", "two")
    (tmp_path / "tenants" / "one" / ".env").write_text("SECRET=only-of-one\n")
    (tmp_path / "tenants" / "two" / ".env").write_text("OTHER=2\n")
    with serving(tmp_path, "env_file .env") as server:
        assert told(server, "one")["env"]["SECRET"] == "only-of-one"
        assert "SECRET" not in told(server, "two")["env"]
        for pid in {*dynamic.processes(server.pid), server.pid}:
            with suppress(OSError):
                assert b"only-of-one" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_first_requests_that_come_together_start_one_app(tmp_path: Path) -> None:
    """However many clients are first, at however many workers, the app starts once."""
    add(tmp_path, "one", app="import time\ntime.sleep(0.5)\n" + dynamic.APP)
    with serving(tmp_path) as server, ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: ask(server, "one"), range(30)))
        assert [answer.status_code for answer in answers] == [200] * 30
        assert len({answer.json()["pid"] for answer in answers}) == 1
        assert len(messages(server, "dynamic app started")) == 1
    assert starts(tmp_path, "one") == 1


def test_an_app_may_have_several_processes(tmp_path: Path) -> None:
    """`workers` is the number of processes of each app."""
    add(tmp_path, "one")
    with serving(tmp_path, "workers 2") as server:
        assert told(server, "one")["multiprocess"] is True
        assert len({told(server, "one")["pid"] for _ in range(20)}) == 2
    assert starts(tmp_path, "one") == 2


def test_asgi_and_lifespan(tmp_path: Path) -> None:
    """An app may be an ASGI app, whose module's name a request chooses, with its lifespan."""
    (tmp_path / "tenants").mkdir()
    for name in ("one", "two"):
        (tmp_path / "tenants" / f"{name}.py").write_text(
            f"NAME = {name.encode()!r}\n"
            """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        scope["state"]["begun"] = NAME
        await send({"type": "lifespan.startup.complete"})
        await receive()
        open(NAME.decode() + "-ended", "w").close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["state"]["begun"]})
"""
        )
    site = """{
        admin off
        auto_https off
    }
    http://:PORT {
        python {
            module_asgi {http.request.host.labels.1}:app
            working_dir tenants
            lifespan on
        }
    }"""
    with serving(tmp_path, site=site) as server:
        assert ask(server, "one").text == "one"
        assert ask(server, "two").text == "two"
        assert ask(server, "three").status_code == 502
    assert {path.name for path in (tmp_path / "tenants").glob("*-ended")} == {
        "one-ended",
        "two-ended",
    }


def test_an_app_that_dies_hurts_no_other_and_comes_back(tmp_path: Path) -> None:
    """The request that killed it is a 502; the next is answered, and those of others always."""
    add(tmp_path, "one", "two")
    with serving(tmp_path) as server:
        other, pid = told(server, "two")["pid"], told(server, "one")["pid"]
        assert ask(server, "one", "die").status_code == 502
        assert told(server, "two")["pid"] == other
        assert told(server, "one")["pid"] != pid
        os.kill(told(server, "one")["pid"], signal.SIGKILL)
        assert told(server, "one")["code"] == "one"
        assert told(server, "two")["pid"] == other


def test_all_that_belongs_to_one_may_be_killed(tmp_path: Path) -> None:
    """After the death of every process of a tenant it answers again, and others never stopped."""
    add(tmp_path, "one", "two")
    with serving(tmp_path) as server:
        other, own = told(server, "two"), told(server, "one")
        for pid in (own["parent"], own["pid"]):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert told(server, "two")["pid"] == other["pid"]
        end = time.monotonic() + 10
        while ask(server, "one").status_code != 200:
            assert time.monotonic() < end
        assert told(server, "two")["code"] == "two"


def test_a_worker_that_dies_finds_the_apps_that_run(tmp_path: Path) -> None:
    """The replacement of a worker is given the same processes; nothing is started again."""
    add(tmp_path, "one")
    with serving(tmp_path) as server:
        pid = told(server, "one")["pid"]
        for worker in server.workers():
            os.kill(worker, signal.SIGKILL)
        server.wait_for("worker started", count=len(server.workers()))
        assert {told(server, "one")["pid"] for _ in range(10)} == {pid}
    assert starts(tmp_path, "one") == 1


def test_an_app_that_cannot_start_is_tried_once_for_many(tmp_path: Path) -> None:
    """All who ask for a broken app get a 502; it is imported once, its traceback logged once."""
    add(tmp_path, "bad", app="open('tried', 'a').write('x')\nimport time\ntime.sleep(.3)\n1 / 0\n")
    add(tmp_path, "good")
    with serving(tmp_path) as server, ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: ask(server, "bad"), range(30)))
        answers += [ask(server, "bad") for _ in range(10)]
        assert {answer.status_code for answer in answers} == {502}
        assert {answer.text for answer in answers} == {"sorry 502"}
        assert {answer.headers["x-reason"] for answer in answers} == {
            'the app "main:app" cannot start'
        }
        assert told(server, "good")["code"] == "good"
        (failure,) = messages(server, "dynamic app cannot start")
        assert "ZeroDivisionError" in failure["error"]
        assert failure["working_dir"].endswith("/bad")
        assert (tmp_path / "tenants" / "bad" / "tried").read_text() == "x"
        (tmp_path / "tenants" / "bad" / "main.py").write_text(f"NAME = 'bad'\n{dynamic.APP}")
        end = time.monotonic() + 15
        while ask(server, "bad").status_code != 200:
            assert time.monotonic() < end, "it was not tried again"
            time.sleep(0.2)


def test_nothing_is_left_of_apps_when_the_server_ends(tmp_path: Path) -> None:
    """SIGTERM ends all processes and removes all files, with requests under way answered."""
    add(tmp_path, "one", "two")
    with TemporaryDirectory(dir="/tmp") as temp, serving(tmp_path, env={"TMPDIR": temp}) as server:
        told(server, "two")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(ask, server, "one", "wait")
            while not (tmp_path / "tenants" / "one" / "waiting").exists():
                time.sleep(0.01)
            pids = dynamic.processes(server.pid)
            server.send(signal.SIGTERM)
            server.wait_for("shutting down")
            (tmp_path / "tenants" / "one" / "go").touch()
            assert waiting.result().json()["code"] == "one"
        assert server.wait() == 0
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert not list(Path(temp).glob("snake-*/run-*"))


def test_nothing_outlives_a_server_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL of the supervisor ends the processes of all apps."""
    add(tmp_path, "one", "two")
    with serving(tmp_path) as server:
        told(server, "one")
        told(server, "two")
        pids = dynamic.processes(server.pid)
        server.send(signal.SIGKILL)
        server.wait()
        end = time.monotonic() + 10
        while any(_runs(pid) for pid in pids):
            assert time.monotonic() < end
            time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_a_reload_starts_apps_anew_and_loses_no_request(tmp_path: Path) -> None:
    """After SIGUSR1 apps start when they are asked for; a request under way is answered."""
    add(tmp_path, "one")
    with serving(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        before = told(server, "one")["pid"]
        waiting = pool.submit(ask, server, "one", "wait")
        while not (tmp_path / "tenants" / "one" / "waiting").exists():
            time.sleep(0.01)
        server.send(signal.SIGUSR1)
        server.wait_for("reloaded the configuration")
        end = time.monotonic() + 5  # the workers before may have taken a connection just now
        while (pid := told(server, "one")["pid"]) == before and time.monotonic() < end:
            time.sleep(0.05)
        (tmp_path / "tenants" / "one" / "go").touch()
        assert pid != before
        assert waiting.result().json()["pid"] == before


def test_a_folder_that_comes_later_is_found(tmp_path: Path) -> None:
    """A tenant that is not there is a 404 until it is."""
    (tmp_path / "tenants").mkdir()
    with serving(tmp_path) as server:
        missing = ask(server, "late")
        assert (missing.status_code, missing.text) == (404, "sorry 404")
        add(tmp_path, "late")
        assert told(server, "late")["code"] == "late"


def test_websockets_and_bodies_go_through(tmp_path: Path) -> None:
    """What a pool can do, an app that is chosen can: here, a body both ways."""
    add(
        tmp_path,
        "one",
        app="def app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [environ['wsgi.input'].read()]\n",
    )
    body = os.urandom(300_000)
    with serving(tmp_path) as server:
        answer = httpx.post(server.url, content=body, headers={"Host": "one.test"}, timeout=20)
    assert answer.content == body
