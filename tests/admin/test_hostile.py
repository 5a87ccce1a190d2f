"""What a web page, a stranger or a broken client may try on the admin API (hostile class 38)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from snake.admin.server import MOST_CONNECTIONS, SETTINGS
from tests.admin.asking import Asked, asked

TRICKS = {
    "a page of another site": {"Origin": "http://evil.com"},
    "a page of a name that begins like ours": {"Origin": "http://localhost.evil.com:PORT"},
    "a page with our name for a user": {"Origin": "http://localhost:PORT@evil.com"},
    "a page on another port": {"Origin": "http://localhost:80"},
    "a page without an origin": {"Origin": "null"},
    "a page that hides its origin": {"Sec-Fetch-Mode": "cors"},
    "a page that wants no answer": {"Sec-Fetch-Mode": "no-cors"},
    "a page that follows a link": {"Sec-Fetch-Mode": "navigate", "Referer": "http://evil.com/"},
    "a form": {"Origin": "http://evil.com", "Content-Type": "text/plain"},
    "a name that was bound anew": {"Host": "evil.com:PORT"},
    "a name that was bound anew, with its page": {
        "Host": "evil.com:PORT",
        "Origin": "http://evil.com:PORT",
    },
    "a WebSocket": {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    },
}
ASKS = [
    ("GET", "/config/", None),
    ("POST", "/load", b"{}"),
    ("DELETE", "/config/", None),
    ("POST", "/stop", None),
    ("GET", "/id/x", None),
    ("POST", "/adapt", b"{}"),
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Run a server for all tests."""
    with asked(tmp_path_factory.mktemp("hostile")) as found:
        yield found


def say(api: Asked, data: bytes, *, limit: float = 5.0) -> bytes:
    """Send bytes; return all that comes until the end."""
    with socket.create_connection(("127.0.0.1", api.admin), timeout=limit) as sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass
        answer = b""
        try:
            while data := sock.recv(65_536):
                answer += data
        except ConnectionError:
            pass
        return answer


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_gets_in(api: Asked, trick: str) -> None:
    """Every endpoint refuses it, tells nothing, and has done nothing."""
    before = api.get("/config/")
    headers = {name: value.replace("PORT", str(api.admin)) for name, value in TRICKS[trick].items()}

    answers = [
        api.client.request(method, path, headers=headers, content=body)
        for method, path, body in ASKS
    ]

    assert {answer.status_code for answer in answers} <= {400, 403}
    assert all(list(answer.json()) == ["error"] for answer in answers)
    assert all("access-control-allow-origin" not in answer.headers for answer in answers)
    assert api.get("/config/") == before
    assert api.site() == "hi"


def test_an_index_has_one_form(api: Asked) -> None:
    """So a rule that was made for a path holds (CVE-2026-45692)."""
    routes = "/config/apps/http/servers/srv0/routes"

    answers = [
        api.client.delete(f"{routes}/{index}") for index in ("00", "+0", "-0", "0x0", "%D9%A0")
    ]

    assert [answer.status_code for answer in answers] == [500] * 5
    assert api.client.delete(f"{routes}/0/").status_code == 200
    assert api.client.post(routes, json={"handle": [{"handler": "static_response", "body": "hi"}]})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[" * 100_000, "exceeded max depth"),
        (b"[" * 5_000 + b"]" * 5_000, ""),
        (b'{"a":' * 3_000 + b"1" + b"}" * 3_000, ""),
        (b'{"a":' * 900 + b'{"@id": []}' + b"}" * 900, "must be a string or number"),
        (b"\xff\xfe{}", "invalid character"),
        (b'{"apps": {}, "apps": 1}', "apps"),
        (b'{"@id": {}}', "@id field must be a string or number"),
        (b"1e999999", "cannot unmarshal number 1e999999"),
        (b"9" * 100_000, ""),
    ],
)
def test_a_body_that_is_no_configuration_is_refused(api: Asked, body: bytes, message: str) -> None:
    """However deep or long it is, it is a 400 with a reason, and the API goes on."""
    answer = api.client.post("/load", content=body)

    assert answer.status_code == 400, answer.text
    assert message in answer.json()["error"]
    assert api.get("/config/") is not None


def test_a_body_has_an_end(api: Asked) -> None:
    """More than 100 MB are refused when they are announced, before they are sent."""
    head = (
        b"POST /load HTTP/1.1\r\nHost: localhost:%d\r\nContent-Length: 104857601\r\n\r\n"
        % api.admin
    )

    answer = say(api, head + b"{")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"http: request body too large" in answer


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /config/ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /config/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET /config/ HTTP/1.1\r\nHost: localhost\r\nX: %b\r\n\r\n" % (b"x" * 70_000), b"431"),
        (b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"x" * 70_000), b"414"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", b"400"),
        (b"GET /config/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_request_is_refused(api: Asked, head: bytes, status: bytes) -> None:
    """The transport answers, as on any site."""
    assert say(api, head).split(b" ")[1:2] == [status]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /config%b HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n" % (b"/a" * 30_000),
        b"GET /%b HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n" % (b"a/../" * 12_000),
        b"POST /load HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Type: a/b%bx\r\n\r\n"
        % (b" " * 60_000),
        b"POST /load HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Type: a/b%b;\r\n\r\n"
        % (b"; a=b" * 12_000),
        b"GET /config/ HTTP/1.1\r\nHost: localhost:PORT\r\nOrigin: %b\r\n\r\n" % (b"%41" * 20_000),
    ],
    ids=["many segments", "many steps up", "many spaces", "many parameters", "many escapes"],
)
def test_what_is_long_takes_no_long_time(api: Asked, head: bytes) -> None:
    """What is twice as long takes twice as long, and not four times (CVE-2026-56860)."""
    began = time.monotonic()
    answer = say(api, head.replace(b"PORT", str(api.admin).encode()))

    assert answer.startswith(b"HTTP/1.1 ")
    assert time.monotonic() - began < 5


def test_so_many_clients_may_be_connected(api: Asked) -> None:
    """One more is turned away, and comes in when another has gone."""
    url = f"http://localhost:{api.admin}/config/"
    with ExitStack() as own:
        for _ in range(MOST_CONNECTIONS):
            own.enter_context(socket.create_connection(("127.0.0.1", api.admin)))
        turned_away = _is_turned_away(url)

    assert turned_away
    assert not _is_turned_away(url)


def _is_turned_away(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.HTTPError:
        return True
    return False


def test_no_client_may_be_slow() -> None:
    """The times are Caddy's."""
    times = SETTINGS.read_header_timeout, SETTINGS.read_timeout, SETTINGS.idle_timeout

    assert times == (5.0, 10.0, 60.0)
    assert SETTINGS.max_header_bytes == 65_536
