"""The cache that `snake run` keeps for its apps: when it is there, and what it outlives."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from tests.cache.serving import NO_REDIS, REDIS, redis
from tests.server import Server, run, running

pytestmark = pytest.mark.slow

APP = """
import os
from caddysnake import cache as old, worker_id
from snake import cache

def told(count):
    return f"{count} {worker_id()} {os.getpid()} {os.environ['SNAKE_CACHE']}"

async def asgi(scope, receive, send):
    path = scope["path"].strip("/")
    if path == "plain":
        body = "plain"
    elif path == "pop":
        body = str(await old.apop("jobs", timeout=20))
    elif path == "push":
        body = str(await cache.arpush("jobs", "work"))
    else:
        body = told(await cache.aincr("hits"))
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body.encode()})

def wsgi(environ, start_response):
    start_response("200 OK", [("Connection", "close")])
    return [told(cache.incr("hits")).encode()]
"""


def caddyfile(*lines: str, kind: str = "asgi", workers: int = 2) -> str:
    """Return a site with one app."""
    inner = "\n".join([f"module_{kind} app:{kind}", f"workers {workers}", *lines])
    return f"http://127.0.0.1:PORT {{\npython {{\n{inner}\n}}\n}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the app."""
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def started(server: Server) -> list[int]:
    """Return the processes of the cache until now."""
    return [record["pid"] for record in server.records if record["msg"] == "cache started"]


def hit(server: Server, path: str = "/") -> tuple[int, str, int, str]:
    """Count one, and return the count, the number of the worker, its process and its cache."""
    count, number, pid, url = httpx.get(server.url + path, timeout=20).text.split()
    return int(count), number, int(pid), url


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_workers_share_a_key_that_outlives_them(folder: Path, kind: str) -> None:
    """Two workers count together, and on after one was killed."""
    with running(caddyfile(kind=kind), folder) as server:
        seen: dict[int, str] = {}
        count = 0
        while len(seen) < 2:
            count += 1
            got, number, pid, _ = hit(server)
            assert got == count
            seen[pid] = number
        assert set(seen.values()) == {"0", "1"}
        os.kill(next(iter(seen)), signal.SIGKILL)
        server.wait_for("worker started")
        for _ in range(10):
            count += 1
            assert hit(server)[0] == count
        assert len(started(server)) == 1


def test_there_is_no_process_before_somebody_asks(folder: Path) -> None:
    """An app that does not use it costs nothing; the socket is private and goes with the server."""
    with running(caddyfile(), folder) as server:
        assert httpx.get(server.url + "/plain").text == "plain"
        assert started(server) == []
        path = Path(hit(server)[3].removeprefix("unix://").partition("?")[0])
        server.wait_for("cache started")
        assert path.parent.stat().st_mode & 0o777 == 0o700
        pid = started(server)[0]
        assert Path(f"/proc/{pid}/comm").read_text().strip() == "snake-cache"
    assert not path.exists()
    assert gone(pid)
    assert "Traceback" not in server.log


def gone(pid: int) -> bool:
    """Wait until a process is gone."""
    end = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.01)
    return not Path(f"/proc/{pid}").exists()


def test_a_cache_that_dies_is_started_again(folder: Path) -> None:
    """Requests go on, with an empty cache; the log says what happened."""
    with running(caddyfile(workers=1), folder) as server:
        assert [hit(server)[0] for _ in range(3)] == [1, 2, 3]
        for number in (signal.SIGKILL, signal.SIGTERM):
            count = len(started(server))
            os.kill(started(server)[-1], number)
            server.wait_for("cache died; what it held is lost", count=count)
            assert [hit(server)[0] for _ in range(3)] == [1, 2, 3]
            server.wait_for("cache started", count=count + 1)
        assert "Traceback" not in server.log


def test_a_server_that_is_killed_takes_its_cache_along(folder: Path) -> None:
    """No process is left, and what is left of the socket is removed by the next server."""
    with running(caddyfile(), folder) as server:
        path = Path(hit(server)[3].removeprefix("unix://").partition("?")[0])
        pid = server.wait_for("cache started")["pid"]
        server.send(signal.SIGKILL)
        server.wait()
        assert gone(pid)
    with running(caddyfile(), folder) as server:
        assert hit(server)[0] == 1
        assert not path.exists()


def test_a_reload_keeps_what_is_in_it(folder: Path) -> None:
    """The new workers count on, and so do those of an app that came with the reload."""
    with running(caddyfile(), folder) as server:
        assert [hit(server)[0] for _ in range(3)] == [1, 2, 3]
        config = (folder / "Caddyfile").read_text()
        pool = "handle /pool {\npython {\nmodule_wsgi app:wsgi\nworkers 1\nenv_var APART y\n}\n}\n"
        site, _, rest = config.partition("{\n")
        (folder / "Caddyfile").write_text(f"{site}{{\n{pool}{rest}")
        server.send(signal.SIGUSR1)
        server.wait_for("reloaded the configuration")
        assert hit(server, "/pool")[0] == 4
        assert hit(server)[0] == 5
        assert len(started(server)) == 1


def test_a_cache_whose_zygote_dies_is_started_again(folder: Path) -> None:
    """The workers and the cache end with it, and all of them come back."""
    with running(caddyfile(workers=1), folder) as server:
        assert hit(server)[0] == 1
        pid = started(server)[0]
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        os.kill(int(status[1]), signal.SIGKILL)
        server.wait_for("worker started")
        assert hit(server)[0] == 1
        assert gone(pid)
        assert len(started(server)) == 2


def test_a_pop_waits_across_workers(folder: Path) -> None:
    """A request that waits gets what another one pushes."""
    with (
        running(caddyfile(), folder) as server,
        httpx.Client(timeout=30) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        waiting = [pool.submit(client.get, server.url + "/pop") for _ in range(4)]
        for _ in range(4):
            httpx.get(server.url + "/push")
        assert [each.result(30).text for each in waiting] == ["b'work'"] * 4


def test_apps_in_workers_and_pools_share_it(folder: Path) -> None:
    """An app in a pool, of another environment, counts with the one in the workers."""
    config = """http://127.0.0.1:PORT {
        handle /pool {
            python {
                module_wsgi app:wsgi
                workers 1
                env_var APART yes
            }
        }
        python {
            module_asgi app:asgi
            workers 1
        }
    }"""
    with running(config, folder) as server:
        one, two, three = hit(server), hit(server, "/pool"), hit(server)
        assert (one[0], two[0], three[0]) == (1, 2, 3)
        assert one[2] == three[2] != two[2]


def test_tenants_see_nothing_of_each_other(folder: Path) -> None:
    """Each app that placeholders choose counts for itself, beside that of the server."""
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "app.py").write_text(APP)
    config = """http://127.0.0.1:PORT {
        handle /tenant {
            python {
                module_wsgi app:wsgi
                working_dir {http.request.header.tenant}
                workers 1
            }
        }
        python {
            module_asgi app:asgi
            workers 1
        }
    }"""
    with running(config, folder) as server:
        counts = []
        for name in ("one", "two", "one"):
            url, headers = server.url + "/tenant", {"tenant": name}
            counts.append(httpx.get(url, headers=headers, timeout=30).text.split()[0])
        assert counts == ["1", "1", "2"]
        assert hit(server)[0] == 1


def test_preloaded_apps_have_it_while_they_are_imported(folder: Path) -> None:
    """What an app does with it at its import goes to the same cache."""
    (folder / "app.py").write_text(APP + "\ncache.incr('hits')\n")
    with running(caddyfile("preload on"), folder) as server:
        assert hit(server)[0] == 2


def test_validate_gives_apps_a_cache_while_they_are_imported(folder: Path) -> None:
    """An app that needs it to be imported is valid, in the workers and in a pool."""
    (folder / "app.py").write_text(APP + "\ncache.incr('hits')\n")
    for lines in ((), ("env_var APART yes",)):
        (folder / "Caddyfile").write_text(caddyfile(*lines).replace("PORT", "1"))
        done = run("validate", "--config", "Caddyfile", folder=folder)
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(REDIS is None, reason=NO_REDIS)
@pytest.mark.parametrize("lines", [(), ("env_var APART yes",)])
def test_a_redis_takes_its_place(folder: Path, lines: tuple[str, ...]) -> None:
    """With `cache redis://…` the app speaks to that, and no cache of snake's is started."""
    with redis() as path:
        url = f"unix://:p%40ss%3Aword@{path}?namespace=shop"
        text = caddyfile(f'cache "{url}"', *lines)
        with running(text, folder) as server:
            assert [hit(server)[0] for _ in range(3)] == [1, 2, 3]
            assert hit(server)[3] == url
            assert started(server) == []
        with running(text, folder) as server:
            assert hit(server)[0] == 5


def test_where_there_can_be_no_cache_apps_run_without(folder: Path) -> None:
    """A folder for temporary files in which none can be made stops nothing but the cache."""
    with TemporaryDirectory(dir="/tmp") as temp:
        (Path(temp) / f"snake-{os.getuid()}").touch()
        with running(caddyfile(), folder, env={"TMPDIR": temp}) as server:
            assert httpx.get(server.url + "/plain").text == "plain"
            assert "cannot make a folder" in server.wait_for("apps have no cache")["error"]
            assert httpx.get(server.url).status_code == 500
            assert "SNAKE_CACHE is not set" in server.wait_for("app failed")["error"]


@pytest.mark.parametrize("how", ["environment", "env_var"])
def test_the_environment_may_name_a_cache(folder: Path, how: str) -> None:
    """A SNAKE_CACHE of the server's environment or of the app is left as it is."""
    url = "redis://127.0.0.1:1"
    lines = (f"env_var SNAKE_CACHE {url}",) if how == "env_var" else ()
    env: dict[str, Any] = {"SNAKE_CACHE": url} if how == "environment" else {}
    with running(caddyfile(*lines), folder, env=env) as server:
        assert httpx.get(server.url).status_code == 500
        assert "127.0.0.1:1 is not available" in server.wait_for("app failed")["error"]
        assert started(server) == []
