"""Names of tenants that clients make up: none leads out of the folder of tenants."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.e2e.dynamic import add
from tests.server import Server, running

pytestmark = pytest.mark.slow

SITE = """{
    admin off
    auto_https off
}
http://:PORT {
    python /by-host* {
        module_wsgi main:app
        working_dir FOLDER/tenants/{http.request.host.labels.1}
    }
    python /whole-host* {
        module_wsgi main:app
        working_dir FOLDER/tenants/{http.request.host}
    }
    python /by-header* {
        module_wsgi main:app
        working_dir FOLDER/tenants/{http.request.header.tenant}
    }
    python /by-query* {
        module_wsgi main:app
        working_dir FOLDER/tenants/{http.request.uri.query.tenant}
    }
    python /by-path/* {
        module_wsgi main:app
        working_dir FOLDER/tenants/{http.request.uri.path.1}
    }
    python /by-file* {
        module_wsgi main:app
        working_dir FOLDER/tenants/one
        env_file FOLDER/tenants/{http.request.header.tenant}
    }
    python /by-module* {
        module_wsgi {http.request.header.tenant}:app
        working_dir FOLDER/tenants/one
    }
    python /variable* {
        module_wsgi main:app
        working_dir FOLDER/tenants/one
        env_var TENANT {http.request.header.tenant}
    }
}
"""
LEAK = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"LEAK"]
"""
TELL = """
import os
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{NAME} {os.environ.get('TENANT')!a}".encode()]
"""


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with tenants, and with an app beside them that nobody may reach."""
    folder = tmp_path_factory.mktemp("names")
    add(folder, "one", "xn--bcher-kva", "UP", app=TELL)
    (folder / "secret").mkdir()
    for place in (folder, folder / "secret", folder / "tenants"):
        (place / "main.py").write_text(LEAK)
    (folder / "secret" / "env").write_text("TENANT=LEAK\n")
    for name, target in (("out", "../secret"), ("back", ".."), ("env", "../secret/env")):
        (folder / "tenants" / name).symlink_to(target)
    with running(SITE.replace("FOLDER", str(folder)), folder) as server:
        yield server


def get(server: Server, target: bytes, host: bytes = b"one.test", tenant: bytes = b"") -> bytes:
    """Send a request as it is written; return the whole answer."""
    with socket.create_connection(("127.0.0.1", server.port), 20) as client:
        client.sendall(
            b"GET "
            + target
            + b" HTTP/1.1\r\nHost: "
            + host
            + b"\r\nTenant: "
            + tenant
            + b"\r\nConnection: close\r\n\r\n"
        )
        answer = b""
        while more := client.recv(65_536):
            answer += more
    return answer


def status(answer: bytes) -> int:
    """Return the status of an answer."""
    return int(answer.split(b" ", 2)[1])


HOSTILE = [
    *(b"..", b"../secret", b"../../secret", b"one/../../secret", b"..%2fsecret", b"%2e%2e"),
    *(b"..%2Fsecret", b"/etc", b"one/..", b".", b"./one", b"..\\secret", b"one\\..\\..\\secret"),
    *(b"-one", b".one", b".env", b"..;/secret", b"one%00", b"o" * 300, b"out", b"back", b"secret"),
    *(
        "\uff0e\uff0e".encode(),
        "\u2024\u2024".encode(),
        "one\u2215..".encode(),
        b"\xc0\xae\xc0\xae",
    ),
    *("\uff4fne".encode(), b"\xff\xfe", "one\u200b".encode(), b"main.py", b"{http.request.host}"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leads_out(server: Server, name: bytes) -> None:
    """By host, header, query or path: a name that is none is a 4xx, and no app runs for it."""
    escaped = b"".join(b"%%%02X" % byte for byte in name)
    answers = {
        "label": get(server, b"/by-host", name + b".test"),
        "host": get(server, b"/whole-host", name),
        "header": get(server, b"/by-header", tenant=name),
        "query": get(server, b"/by-query?tenant=" + escaped),
        "path": get(server, b"/by-path/" + escaped),
        "path as it is": get(server, b"/by-path/" + name.replace(b"\\", b"%5C")),
        "env file": get(server, b"/by-file", tenant=name),
        "module": get(server, b"/by-module", tenant=name),
    }
    for way, answer in answers.items():
        body = answer.partition(b"\r\n\r\n")[2]
        if way == "label" and body == b"one None":
            continue  # the label before the last was a good one
        if way.startswith("path") and (status(answer), body) == (200, b""):
            continue  # a path that leads away is for no app at all
        assert status(answer) in (400, 404, 431, 502), way
        assert b"LEAK" not in answer, way


@pytest.mark.parametrize("name", [b"one\x00", b"\x00", b"one\r", b"a\nb"])
def test_control_characters_in_a_field_get_nowhere(server: Server, name: bytes) -> None:
    """A NUL or a bare line break in a field is refused before anyone looks at names."""
    for answer in (
        get(server, b"/by-host", name + b".test"),
        get(server, b"/by-header", tenant=name),
    ):
        assert answer == b"" or status(answer) == 400
        assert b"LEAK" not in answer


@pytest.mark.parametrize("name", [b"%00", b"one%00", b"%0d%0a", b"one%0a", b"%2e%2e%00"])
def test_nor_do_they_when_they_are_encoded(server: Server, name: bytes) -> None:
    """What a path or a query encodes is what it is."""
    for target in (b"/by-query?tenant=" + name, b"/by-path/" + name):
        answer = get(server, target)
        assert status(answer) in (400, 404)
        assert b"LEAK" not in answer


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"one.test", b"one"),
        (b"ONE.Test", b"one"),
        (b"one.test:80", b"one"),
        (b"xn--bcher-kva.test", b"xn--bcher-kva"),
        (b"XN--BCHER-KVA.test", b"xn--bcher-kva"),
    ],
)
def test_a_host_is_one_name_in_any_case(server: Server, host: bytes, expected: bytes) -> None:
    """Host is read in lower case, and punycode is a name like any other."""
    answer = get(server, b"/by-host", host)
    assert status(answer) == 200
    assert answer.partition(b"\r\n\r\n")[2].split()[0] == expected


@pytest.mark.parametrize("host", [b"up.test", b"UP.test", b"two.test", b"test", b"a.b.test"])
def test_where_there_is_no_such_folder_is_no_app(server: Server, host: bytes) -> None:
    """A folder has its name in one case; a host of one label names none."""
    assert status(get(server, b"/by-host", host)) == 404


@pytest.mark.parametrize(
    "value", [b"", b"../secret", b"a b", b"{http.request.host}", "é".encode(), b"\xff", b"-x; rm"]
)
def test_a_variable_may_hold_anything(server: Server, value: bytes) -> None:
    """The value of a variable is no path: it comes to the app as it was sent."""
    answer = get(server, b"/variable", tenant=value)
    assert status(answer) == 200
    text = value.decode("utf-8", "surrogateescape")
    assert answer.partition(b"\r\n\r\n")[2] == f"one {text!a}".encode()
