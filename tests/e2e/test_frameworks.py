"""Apps of every framework behind one real server, each under a prefix, embedded and in pools."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.e2e.framework_apps import APPS, DJANGO, PIECES, SIZE, SOCKETIO
from tests.server import Server, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

NAMES = {name: name.replace("-", "_") for name in APPS}
ALL = [*APPS, "django", "django-asgi"]
WITH_WEBSOCKETS = [name for name, (kind, _) in APPS.items() if kind == "asgi"] + ["django-asgi"]
WITH_WHOLE_PATH = ("falcon-asgi", "socketio")
"""What does not know that ASGI's `path` begins with `root_path`: its prefix is not taken off."""
GROWTH = 40 * 1024
"""KiB by which all processes together may grow while bodies of `SIZE` bytes pass, many times."""


def _project(folder: Path) -> None:
    """Write the apps, and make the database and the static files of Django's."""
    for name, (_, text) in APPS.items():
        (folder / f"with_{NAMES[name]}.py").write_text(PIECES + text)
    (folder / "with_socketio.py").write_text(SOCKETIO)
    for name, text in DJANGO.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    code = (
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'site1.settings'\n"
        "django.setup()\n"
        "from django.core.management import call_command as call\n"
        "call('migrate', verbosity=0); call('collectstatic', '--noinput', verbosity=0)\n"
        "from django.contrib.auth.models import User\n"
        "User.objects.create_superuser('root', 'root@example.org', 'secret')\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, timeout=60)


def _site(apps: dict[str, str], *, pooled: bool) -> str:
    """Return a Caddyfile; in pools, every app has another environment than the first."""
    handles = []
    if pooled:
        handles.append(
            "\thandle /first {\n\t\tpython {\n\t\t\tmodule_wsgi json:loads\n\t\t}\n\t}\n"
        )
    for name, line in apps.items():
        own = "\t\t\tenv_var POOLED yes\n" if pooled else ""
        block = f"\t\tpython {{\n\t\t\t{line}\n\t\t\tworkers 1\n{own}\t\t}}\n"
        handle = "handle" if name in WITH_WHOLE_PATH else "handle_path"
        handles.append(f"\t{handle} /{name}/* {{\n{block}\t}}\n")
    static = "\thandle_path /static/* {\n\t\troot collected\n\t\tfile_server\n\t}\n"
    return f"{{\n\tadmin off\n}}\n:PORT {{\n{''.join(handles)}{static}}}\n"


LINES = {
    **{name: f"module_{kind} with_{NAMES[name]}:app" for name, (kind, _) in APPS.items()},
    "django": "module_wsgi site1.wsgi:application",
    "django-asgi": "module_asgi site1.asgi:application",
    "socketio": "module_asgi with_socketio:app",
}


@pytest.mark.parametrize("way", ["embedded", "pooled"])
def test_every_framework(tmp_path: Path, way: str) -> None:
    """URLs under a prefix, WebSockets, large bodies, an admin, Socket.IO: all in one server.

    One server has them all, so that they are started once. What fails is named in the traceback.
    """
    _project(tmp_path)
    with running(_site(LINES, pooled=way == "pooled"), tmp_path) as server:
        where = {record["msg"] for record in server.records if record["msg"].startswith("app runs")}
        pools = {"app runs in a pool"} if way == "pooled" else set()
        assert where == {"app runs in the workers"} | pools
        for name in ALL:
            _knows_its_url(server, name)
            _takes_large_bodies(server, name)
        for name in WITH_WEBSOCKETS:
            _talks(server, name)
        for name in ("django", "django-asgi"):
            _lets_sign_in(server, name)
        _answers_events(server)


def _knows_its_url(server: Server, name: str) -> None:
    """URLs that a framework builds have the prefix that the server takes off."""
    url = f"{server.url}/{name}/"
    assert httpx.get(url).text == url


def _talks(server: Server, name: str) -> None:
    """A WebSocket carries messages both ways, and closes."""
    with connect(f"ws://127.0.0.1:{server.port}/{name}/ws") as client:
        for text in (f"{name} one", "two"):
            client.send(text)
            assert client.recv(5) == text


def _takes_large_bodies(server: Server, name: str) -> None:
    """Bodies of any size pass both ways, in memory that does not grow with them."""
    before = _memory(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        head = f"POST /{name}/upload HTTP/1.1\r\nHost: a\r\nContent-Length: {SIZE}\r\n\r\n"
        client.sendall(head.encode())
        for _ in range(SIZE // 1_048_576):
            client.sendall(bytes(1_048_576))
        answer = b""
        while str(SIZE).encode() not in answer.partition(b"\r\n\r\n")[2]:
            more = client.recv(65_536)
            assert more, answer
            answer += more
    with httpx.stream("GET", f"{server.url}/{name}/download", timeout=60) as response:
        got = sum(map(len, response.iter_raw(1_048_576)))
    assert got == SIZE, name
    assert _memory(server) - before < GROWTH, name


def _memory(server: Server) -> int:
    """Return the greatest memory that each process below the server has had, in KiB together."""
    asked = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout.split()
    parents = dict(zip(asked[::2], asked[1::2], strict=True))
    total = 0
    for pid in parents:
        above = pid
        while above in parents and above != str(server.pid):
            above = parents[above]
        if above == str(server.pid):
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            total += int(status.partition("VmHWM:")[2].split()[0] if "VmHWM" in status else 0)
    return total


def _lets_sign_in(server: Server, name: str) -> None:
    """One signs in to Django's admin, whose style comes from the files beside it."""
    url = f"{server.url}/{name}/admin/"
    with httpx.Client(follow_redirects=True) as client:
        page = client.get(url)
        assert page.url == f"{url}login/?next=/{name}/admin/"
        fields = {"username": "root", "password": "secret", "next": f"/{name}/admin/"}
        token = client.cookies["csrftoken"]
        page = client.post(page.url, data={**fields, "csrfmiddlewaretoken": token})
        assert page.url == url
        assert "Site administration" in page.text
        style = client.get(f"{server.url}/static/admin/css/base.css")
        assert style.headers["content-type"].startswith("text/css")
        assert client.get(f"{url}auth/user/").status_code == 200


def _answers_events(server: Server) -> None:
    """Events and their answers travel over both transports of Socket.IO (Engine.IO 4)."""
    target = f"127.0.0.1:{server.port}/socketio/socket.io/?EIO=4&transport="
    with connect(f"ws://{target}websocket") as client:
        assert str(client.recv(5)).startswith("0{")
        client.send("40")
        assert str(client.recv(5)).startswith("40{")
        client.send('420["say","hi"]')
        assert client.recv(5) == '430["HI"]'
    with httpx.Client() as http:
        opened = http.get(f"http://{target}polling").text
        url = f"http://{target}polling&sid={json.loads(opened[1:])['sid']}"
        assert http.post(url, content="40").text == "OK"
        assert http.get(url).text.startswith("40{")
        assert http.post(url, content='420["say","hi"]').text == "OK"
        assert http.get(url).text == '430["HI"]'
