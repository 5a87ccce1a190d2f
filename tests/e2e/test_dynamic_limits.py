"""How many apps requests may choose, and for how long one stays without a request."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.e2e import dynamic
from tests.e2e.dynamic import add, ask, messages, serving, starts, told
from tests.server import Server, run

pytestmark = pytest.mark.slow

ONE_SECOND = {"CADDYSNAKE_DYNAMIC_APP_IDLE_TTL": "1s"}


def until(true: Callable[[], bool], limit: float = 15.0) -> None:
    """Wait for something."""
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def runs(server: Server, folder: Path, name: str) -> bool:
    """Whether a process runs in the folder of a tenant."""
    where = str(folder.resolve() / "tenants" / name)
    for pid in dynamic.processes(server.pid):
        try:
            if str(Path(f"/proc/{pid}/cwd").readlink()) == where:
                return True
        except OSError:
            continue
    return False


def test_the_one_used_least_recently_makes_room(tmp_path: Path) -> None:
    """At the cap, the app goes that has been without a request for longest."""
    add(tmp_path, "a", "b", "c")
    with serving(tmp_path, "max_dynamic_apps 2") as server:
        for name in ("a", "b", "a", "c"):
            assert told(server, name)["code"] == name
            time.sleep(1.2)  # what was used is reported once a second
        until(lambda: not runs(server, tmp_path, "b"))
        assert runs(server, tmp_path, "a")
        (gone,) = messages(server, "dynamic app let go")
        assert (gone["because"], Path(gone["working_dir"]).name) == ("room for another", "b")
        assert told(server, "b")["code"] == "b"
    assert [starts(tmp_path, name) for name in "abc"] == [1, 2, 1]


def test_the_cap_is_a_cap(tmp_path: Path) -> None:
    """However many tenants are asked for at once, no more apps run than may; all are answered."""
    names = [f"t{number}" for number in range(8)]
    add(tmp_path, *names)
    with serving(tmp_path, "max_dynamic_apps 2") as server, ThreadPoolExecutor(8) as pool:
        codes: dict[str, int] = {}
        until(lambda: _ask_rest(server, names, codes, pool), 30)
        assert set(codes.values()) == {200}
        until(lambda: sum(runs(server, tmp_path, name) for name in names) == 2)


def _ask_rest(
    server: Server, names: list[str], codes: dict[str, int], pool: ThreadPoolExecutor
) -> bool:
    rest = [name for name in names if codes.get(name) != 200]
    answers = pool.map(lambda name: ask(server, name), rest)
    for name, answer in zip(rest, answers, strict=True):
        codes[name] = answer.status_code
        assert answer.status_code in (200, 503)
    return set(codes.values()) == {200}


def test_when_all_are_in_use_others_are_told_to_come_again(tmp_path: Path) -> None:
    """With no app that can go, another is a 503 with Retry-After; those in use are left alone."""
    add(tmp_path, "a", "b")
    with serving(tmp_path, "max_dynamic_apps 1") as server, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, server, "a", "wait")
        until((tmp_path / "tenants" / "a" / "waiting").exists)
        for _ in range(5):
            full = ask(server, "b")
            assert (full.status_code, full.text) == (503, "sorry 503")
            assert full.headers["retry-after"] == "1"
            assert full.headers["x-reason"] == "dynamic app limit reached"
        (tmp_path / "tenants" / "a" / "go").touch()
        assert waiting.result().json()["code"] == "a"
        until(lambda: ask(server, "b").status_code == 200)
    assert [starts(tmp_path, name) for name in "ab"] == [1, 1]


def test_an_idle_app_is_let_go_and_comes_back(tmp_path: Path) -> None:
    """After the time that it may be idle an app ends; the next request starts it again."""
    add(tmp_path, "a")
    with serving(tmp_path, env=ONE_SECOND) as server:
        first = told(server, "a")["pid"]
        until(lambda: not runs(server, tmp_path, "a"))
        assert messages(server, "dynamic app let go")[0]["because"] == "idle"
        assert told(server, "a")["pid"] != first


def test_an_app_in_use_is_not_idle(tmp_path: Path) -> None:
    """A request that takes longer than an app may be idle is answered by it."""
    add(tmp_path, "a")
    with serving(tmp_path, env=ONE_SECOND) as server, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, server, "a", "wait")
        until((tmp_path / "tenants" / "a" / "waiting").exists)
        time.sleep(2.5)
        (tmp_path / "tenants" / "a" / "go").touch()
        assert waiting.result().json()["code"] == "a"
        assert not messages(server, "dynamic app let go")


def test_no_request_is_lost_when_apps_come_and_go(tmp_path: Path) -> None:
    """With three tenants taking turns in two places, every request is answered by its own app."""
    add(tmp_path, "a", "b", "c")
    with serving(tmp_path, "max_dynamic_apps 2") as server:

        def client(name: str) -> set[tuple[int, str]]:
            found: set[tuple[int, str]] = set()
            for _ in range(300):
                answer = ask(server, name)
                found.add((answer.status_code, answer.text if answer.is_error else name))
                assert answer.is_error or answer.json()["code"] == name
                if len(messages(server, "dynamic app let go")) > 5:
                    break
                time.sleep(0.02)
            return found

        with ThreadPoolExecutor(3) as pool:
            found = set().union(*pool.map(client, "abc"))
        assert found <= {(200, "a"), (200, "b"), (200, "c"), (503, "sorry 503")}
        assert messages(server, "dynamic app let go")
        assert not messages(server, "app failed")


def test_the_environment_goes_before_the_directive(tmp_path: Path) -> None:
    """CADDYSNAKE_MAX_DYNAMIC_APPS is the cap, whatever the config says."""
    add(tmp_path, "a", "b")
    environment = {"CADDYSNAKE_MAX_DYNAMIC_APPS": "1"}
    with serving(tmp_path, "max_dynamic_apps 9", env=environment) as server:
        told(server, "a")
        told(server, "b")
        until(lambda: not runs(server, tmp_path, "a"))


@pytest.mark.parametrize(
    ("line", "environment", "message"),
    [
        ("max_dynamic_apps 0", {}, 'invalid max_dynamic_apps: "0"'),
        ("", {"CADDYSNAKE_MAX_DYNAMIC_APPS": "x"}, 'must be a number, got "x"'),
        ("", {"CADDYSNAKE_DYNAMIC_APP_IDLE_TTL": "soon"}, "CADDYSNAKE_DYNAMIC_APP_IDLE_TTL: "),
        ("venv no-such-venv", {}, 'the venv "'),
        ("python_path /no/such/python", {}, 'python_path "/no/such/python" does not exist'),
        ("env_file /no/such/file", {}, 'env_file "/no/such/file"'),
    ],
)
def test_what_holds_no_placeholder_is_checked_at_once(
    tmp_path: Path, line: str, environment: dict[str, str], message: str
) -> None:
    """A wrong limit, venv, interpreter or file stops the start, and `snake validate`."""
    add(tmp_path, "a")
    config = dynamic.SITE.replace("LINES", line).replace("PORT", "0")
    (tmp_path / "Caddyfile").write_text(config)
    for command in ("validate", "run"):
        done = run(command, "--config", "Caddyfile", folder=tmp_path, env=environment)
        assert done.returncode == 1, command
        assert message in done.stderr.replace("\n", " ")


@pytest.mark.timeout(180)
def test_nothing_grows_while_apps_come_and_go(tmp_path: Path) -> None:
    """After 200 apps in turn there are as many processes, descriptors and files as after ten."""
    names = [f"t{number}" for number in range(10)]
    add(tmp_path, *names)
    with (
        TemporaryDirectory(dir="/tmp") as temp,
        serving(tmp_path, "max_dynamic_apps 2", env={"TMPDIR": temp}) as server,
    ):

        def turn(times: int) -> tuple[int, ...]:
            for name in names * times:
                assert ask(server, name).status_code == 200
            until(lambda: len(messages(server, "dynamic app let go")) == done(server) - 2)
            until(lambda: sum(runs(server, tmp_path, name) for name in names) == 2)
            found = dynamic.processes(server.pid)
            files = sum(1 for _ in Path(temp).rglob("*"))
            descriptors = [
                len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208
                for pid in (server.pid, *server.workers())
            ]
            return len(found), "Z" in found.values(), files, sum(descriptors)

        first = turn(1)
        last = turn(19)
        assert last[:3] == first[:3]
        assert last[3] <= first[3] + 6  # connections that wait differ


def done(server: Server) -> int:
    """Return how many apps have started."""
    return len(messages(server, "dynamic app started"))
