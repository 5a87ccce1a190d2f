"""http.access: what is written of a request, and to which log."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from snake.config.http import ServerLogs
from snake.http.access import AccessLog
from snake.http.access_record import USER, AccessRecord
from snake.http.access_texts import Texts, canonical
from snake.http.request import Request
from snake.http.response import respond
from snake.logs.app import Sink
from snake.logs.encoders import Prepared, to_json
from snake.tls.secured import SECURED, Secured
from snake.transport.asgi import Message, Send
from tests.tls.test_secured import make_client

LOG = "http.log.access"


class FakeSink:
    """Keeps what is logged."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.records: list[tuple[int, str, dict[str, Any]]] = []

    def emit_prepared(self, level: int, msg: str, fields: Prepared) -> None:
        """Keep a record."""
        self.records.append((level, msg, dict(fields)))


class FakeLogs:
    """Makes a sink for each name, and remembers it."""

    def __init__(self) -> None:
        self.sinks: dict[str, FakeSink] = {}

    def sink(self, name: str) -> FakeSink:
        """Return the sink of this name."""
        return self.sinks.setdefault(name, FakeSink(name))

    def names(self) -> list[str]:
        """Return the names of the sinks that got a record."""
        return [name for name, sink in self.sinks.items() if sink.records]


class Unheard:
    """A log that nobody reads."""

    def sinks(self, request: Request, host: bytes) -> tuple[Sink, ...]:
        """Return none."""
        del request, host
        return ()

    def names(self, request: Request, host: bytes) -> tuple[str, ...]:
        """Return none."""
        del request, host
        return ()


async def receive() -> Message:
    """Give a body of five bytes."""
    return {"type": "http.request", "body": b"12345", "more_body": False}


async def drop(message: Message) -> None:
    """Send nowhere."""
    del message


async def hello(request: Request, send: Send) -> None:
    """Read the body, answer with a cookie and eleven bytes."""
    await request.receive()
    await respond(send, 200, [(b"set-cookie", b"s=1"), (b"x-a", b"1")], b"hello world")


async def record(
    config: ServerLogs,
    host: str = "a.test",
    run: Any = hello,
    secured: Secured | None = None,
    version: str = "1.1",
) -> FakeLogs:
    """Run one request and return what was logged."""
    logs = FakeLogs()
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": version,
        "method": "POST",
        "path": "/p",
        "raw_path": b"/p",
        "query_string": b"q=1",
        "headers": [
            (b"host", host.encode()),
            (b"user-agent", b"t"),
            (b"cookie", b"secret"),
            (b"authorization", b"secret"),
        ],
        "client": ("10.0.0.1", 99),
    }
    if secured is not None:
        scope[SECURED] = secured
    access = AccessLog(config, logs)  # type: ignore[arg-type]
    request = Request(scope, receive)
    try:
        await access.wrap(run)(request, drop)
    finally:
        assert request.record is not None
        request.record.ended()
    return logs


async def test_fields() -> None:
    """A record has Caddy's fields; secrets are redacted."""
    logs = await record(ServerLogs())
    level, message, fields = logs.sinks["http.log.access"].records[0]

    assert (level, message) == (20, "handled request")
    assert fields.pop("duration") > 0
    assert fields == {
        "request": {
            "remote_ip": "10.0.0.1",
            "remote_port": "99",
            "client_ip": "10.0.0.1",
            "proto": "HTTP/1.1",
            "method": "POST",
            "host": "a.test",
            "uri": "/p?q=1",
            "headers": {
                "User-Agent": ["t"],
                "Cookie": ["REDACTED"],
                "Authorization": ["REDACTED"],
            },
        },
        "bytes_read": 5,
        "user_id": "",
        "size": 11,
        "status": 200,
        "resp_headers": {
            "Server": ["snake"],
            "Set-Cookie": ["REDACTED"],
            "X-A": ["1"],
        },
    }


async def test_credentials_on_request() -> None:
    """Secrets are shown when the server says so."""
    logs = await record(ServerLogs(should_log_credentials=True))

    fields = logs.sinks["http.log.access"].records[0][2]
    assert fields["request"]["headers"]["Cookie"] == ["secret"]


@pytest.mark.parametrize(
    ("config", "host", "names"),
    [
        (ServerLogs(logger_names={"a.test": ("log0",)}), "a.test", ["http.log.access.log0"]),
        (ServerLogs(logger_names={"a.test": "log0"}), "A.test:80", ["http.log.access.log0"]),
        (ServerLogs(logger_names={"*.test": ("w",)}), "a.test", ["http.log.access.w"]),
        (ServerLogs(logger_names={"b.test": ("b",)}), "a.test", ["http.log.access"]),
        (ServerLogs(default_logger_name="d"), "a.test", ["http.log.access.d"]),
        (ServerLogs(skip_hosts=("a.test",)), "a.test", []),
        (ServerLogs(skip_hosts=("*.test",)), "a.test", []),
        (
            ServerLogs(skip_hosts=("*.test",), logger_names={"a.test": ("l",)}),
            "a.test",
            [f"{LOG}.l"],
        ),
        (ServerLogs(skip_unmapped_hosts=True), "a.test", []),
    ],
)
async def test_logger_of_a_host(config: ServerLogs, host: str, names: list[str]) -> None:
    """The host decides which log a request goes to, if any."""
    assert (await record(config, host)).names() == names


def setting(name: str, value: object) -> Any:
    """Return what answers with a variable set."""

    async def run(request: Request, send: Send) -> None:
        request.vars[name] = value
        await respond(send, 204)

    return run


@pytest.mark.parametrize(("value", "names"), [(True, []), (False, [LOG]), ("true", [LOG])])
async def test_log_skip(value: object, names: list[str]) -> None:
    """The variable `log_skip` keeps a request out of the log if it is true, and no text."""
    assert (await record(ServerLogs(), run=setting("log_skip", value))).names() == names


@pytest.mark.parametrize(
    ("config", "value", "names"),
    [
        (ServerLogs(), ["a", "b"], [f"{LOG}.a", f"{LOG}.b"]),
        (ServerLogs(), ["", "b"], [LOG, f"{LOG}.b"]),
        (ServerLogs(), [], []),
        (ServerLogs(), None, [LOG]),
        (ServerLogs(), "a", [LOG]),
        (ServerLogs(logger_names={"a.test": ("l",)}), ["a"], [f"{LOG}.a"]),
        (ServerLogs(logger_names={"a.test": ("l",)}), None, [f"{LOG}.l"]),
        (ServerLogs(skip_hosts=("a.test",)), ["a"], []),
        (ServerLogs(skip_unmapped_hosts=True), ["a"], []),
    ],
)
async def test_access_logger_names(config: ServerLogs, value: object, names: list[str]) -> None:
    """The variable says which loggers there are, if the host is one that is logged."""
    logs = await record(config, run=setting("access_logger_names", value))

    assert logs.names() == names


async def test_server_errors_are_errors() -> None:
    """A status of 500 and above is logged at the level of errors."""

    async def fail(request: Request, send: Send) -> None:
        del request
        await respond(send, 503)

    logs = await record(ServerLogs(), run=fail)
    assert logs.sinks["http.log.access"].records[0][0] == 40


def test_canonical() -> None:
    """Names are written as Go writes them."""
    assert canonical(b"x-forwarded-for") == "X-Forwarded-For"


async def test_server_field_that_was_left_out() -> None:
    """The record has no Server field when the response had none."""

    async def bare(request: Request, send: Send) -> None:
        del request
        await send({"type": "http.response.start", "status": 200, "server_header": False})
        await send({"type": "http.response.body"})

    logs = await record(ServerLogs(), run=bare)

    _, _, fields = logs.sinks["http.log.access"].records[0]
    assert fields["resp_headers"] == {}


@pytest.mark.parametrize("name", ["", "bob", "two\nlines\x1b[31m"])
async def test_user(name: str) -> None:
    """The user that a handler has recognized is in the record."""

    async def known(request: Request, send: Send) -> None:
        if name:
            request.set_value("http.auth.user.id", name)
        await hello(request, send)

    logs = await record(ServerLogs(), run=known)
    ((_, _, fields),) = logs.sinks[LOG].records

    assert fields["user_id"] == name


async def test_tls_is_written() -> None:
    """A record tells of the connection's TLS, and of the client if it has shown who it is."""
    secured = Secured("a.test", 0x0304, 0x1301, "h2", resumed=True)
    client = make_client().public_bytes(Encoding.DER)
    told = []
    for each in (secured, Secured("a.test", 0x0304, 0x1301, "h2", peers=(client,))):
        logs = await record(ServerLogs(), secured=each)
        told.append(logs.sinks[LOG].records[0][2]["request"]["tls"])

    expected = {
        "resumed": True,
        "version": 772,
        "cipher_suite": 4865,
        "proto": "h2",
        "server_name": "a.test",
        "ech": False,
    }
    of_client = {"client_common_name": "Ann, of accounts", "client_serial": "4711"}
    assert told == [expected, {**expected, "resumed": False, **of_client}]


@pytest.mark.parametrize(
    ("version", "proto"),
    [("1.0", "HTTP/1.0"), ("1.1", "HTTP/1.1"), ("2", "HTTP/2.0"), ("3", "HTTP/3.0")],
)
async def test_the_protocol_is_written_as_go_does(version: str, proto: str) -> None:
    """Each version of HTTP has two numbers."""
    logs = await record(ServerLogs(), version=version)

    assert logs.sinks[LOG].records[0][2]["request"]["proto"] == proto


def fields_of(**changes: Any) -> dict[str, Any]:
    """Return a scope with some things changed."""
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/p",
        "raw_path": b"/p",
        "query_string": b"",
        "headers": [(b"host", b"a.test"), (b"accept", b"*/*")],
        "client": ("10.0.0.1", 99),
    }
    return scope | changes


SCOPES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"query_string": b"q=\x7f\xc3\xa9&\xff"},
    {"headers": [(b"accept", b"*/*"), (b"host", b"a.test:8080"), (b"cookie", b"s")]},
    {"headers": [(b"host", b"a"), (b"x-a", b"1"), (b"x-b", b'"\\\x1b'), (b"x-a", b"2")]},
    {"headers": []},
    {"headers": [(b"host", b"a"), (b"x-long", b"x" * 9000)]},
    {"client": None},
    {"client": ("fe80::1%eth0", 5)},
    {"method": "PROPFIND", "http_version": "2"},
    {"headers": [(b"host", b"%b"), (b"x-a", b"100%d")], "raw_path": b"/%s"},
    {SECURED: Secured("a.test", 0x0304, 0x1301, "h2", resumed=True)},
)
STARTS: tuple[dict[str, Any], ...] = (
    {"status": 200, "headers": [(b"content-length", b"2"), (b"set-cookie", b"a=b")]},
    {"status": 500, "headers": [[b"x-a", b"1"], [b"x-a", b"2"]]},
    {"status": 200, "headers": ((b"server", b"other"),)},
    {"status": 204, "server_header": False},
    {"status": 404, "unanswered": True},
)


def fields_in(made: AccessRecord) -> dict[str, Any]:
    """Return the fields that are in the line of a record."""
    line = made.line(b'{"ts":', b"1.5", b',"msg":"%s"')
    assert line.startswith(b'{"ts":1.5,"msg":"%s",')
    assert line.endswith(b"}\n")
    fields: dict[str, Any] = json.loads(line)
    return {name: value for name, value in fields.items() if name not in ("ts", "msg")}


@pytest.mark.parametrize("secrets", [False, True])
async def test_the_json_is_that_of_the_mapping(secrets: bool) -> None:  # noqa: FBT001
    """What is kept from one record to the next never makes another one wrong."""
    texts = Texts(show_secrets=secrets)
    for is_known in (False, False, True):
        for changes in SCOPES:
            for start in STARTS:
                request = Request(fields_of(**changes), receive)
                made = AccessRecord(request, drop, texts, Unheard())
                await made.sender()({"type": "http.response.start", **start})
                await made({"type": "http.response.body", "body": b"hi"})
                if is_known:
                    request.vars["client_ip"] = "10.0.0.1"
                    request.set_value(USER, 'a%b"')
                made.ended()
                assert fields_in(made) == json.loads(to_json(dict(made)))


async def test_a_list_that_an_app_changes_is_not_kept() -> None:
    """An app may have one list of headers for all its responses."""
    texts, headers = Texts(show_secrets=False), [(b"x-a", b"1")]
    for value in (b"1", b"2"):
        headers[0] = (b"x-a", value)
        made = AccessRecord(Request(fields_of(), receive), drop, texts, Unheard())
        await made.sender()({"type": "http.response.start", "status": 200, "headers": headers})
        made.ended()
        assert fields_in(made)["resp_headers"]["X-A"] == [value.decode()]
