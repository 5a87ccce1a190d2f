"""What a configuration file is: JSON or Caddyfile, good or bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.server import run

CADDYFILE = "http://localhost:9080 {\n\trespond hi\n}\n"
JSON = '{"apps": {"http": {"servers": {"srv0": {"listen": [":9080"]}}}}}'


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("Caddyfile", CADDYFILE, []),
        ("Caddyfile.dev", CADDYFILE, []),
        ("site.caddyfile", CADDYFILE, []),
        ("anything", CADDYFILE, ["--adapter", "caddyfile"]),
        ("site.json", JSON, []),
        ("anything", JSON, []),
        ("Caddyfile", JSON, ["--adapter", "json"]),
    ],
)
def test_the_name_says_what_a_file_is(
    tmp_path: Path, name: str, text: str, options: list[str]
) -> None:
    """A Caddyfile is known by its name or by --adapter; everything else is JSON, as in Caddy."""
    (tmp_path / name).write_text(text)
    done = run("validate", "--config", name, *options, folder=tmp_path)
    assert done.stdout == "Valid configuration\n"
    assert done.returncode == 0


def test_a_configuration_comes_from_stdin(tmp_path: Path) -> None:
    """`--config -` reads JSON from stdin, or a Caddyfile if the adapter says so."""
    done = run("validate", "-c", "-", folder=tmp_path, input=JSON)
    assert done.returncode == 0
    done = run("validate", "-c", "-", "-a", "caddyfile", folder=tmp_path, input=CADDYFILE)
    assert done.returncode == 0


PLACE = "apps/http/servers/srv0"


def document(**server: object) -> str:
    """Return a JSON document of one server."""
    return json.dumps({"apps": {"http": {"servers": {"srv0": {"listen": [":1"], **server}}}}})


def route(**handler: object) -> str:
    """Return a JSON document with one handler."""
    return document(routes=[{"handle": [handler]}])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CADDYFILE, "c.json:1:1: JSON is malformed: expecting value; if it is a Caddyfile, add"),
        ("{\n\tadmin off\n}\n", "enclosed in double quotes; if it is a Caddyfile, add --adapter"),
        ("", "c.json:1:1: JSON is malformed: expecting value"),
        ('{"a\x01": 1}', "c.json:1:4: JSON is malformed: invalid control character"),
        ('{"a": "', "c.json:1:7: JSON is malformed: unterminated string"),
        ('{"a":1,}', "c.json:1:8: JSON is malformed: expecting property name"),
        ('{"apps":\n {"http": 1]}', "c.json:2:12: JSON is malformed: expecting ',' delimiter"),
        ('{"apps":' * 3000, "c.json: JSON is nested too deeply"),
        (document(routes=[{"match": [{"path": "/"}]}]), f"{PLACE}/routes/0/match/0/path: expected"),
        (
            document(routes=[{"match": [{"path": ["/", 1]}]}]),
            f"{PLACE}/routes/0/match/0/path/1: expected `str`",
        ),
        ('{"app": {}}', 'c.json: unknown field "app"; did you mean "apps"?'),
        (document(lisen=[]), f'c.json: {PLACE}: unknown field "lisen"; did you mean "listen"?'),
        (document(listen=["x"]), f'{PLACE}/listen: invalid address "x": a port is missing'),
        (document(listen=[":1", ":1"]), "is already listened on by server 'srv0'"),
        (route(handler="statc_response"), 'did you mean "static_response"?'),
        (
            route(handler="static_response", bdy="x"),
            f'{PLACE}/routes/0/handle/0: unknown field "bdy"; did you mean "body"?',
        ),
        ('{"storage": {"module": "x"}}', "storage: unknown module: caddy.storage.x"),
        (
            '{"apps": {"http": {"grace_period": "5 s"}}}',
            'apps/http/grace_period: invalid duration "5 s"',
        ),
    ],
)
def test_wrong_json_is_an_error_with_its_path(tmp_path: Path, text: str, message: str) -> None:
    """JSON that is wrong is one message with the place in the document, and code 1."""
    (tmp_path / "c.json").write_text(text)
    done = run("validate", "-c", "c.json", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert message in last
    assert not last.endswith(" at")


def test_a_wrong_caddyfile_is_an_error_with_its_line(tmp_path: Path) -> None:
    """`run` prints the message of the Caddyfile on stderr, and exits with 1."""
    (tmp_path / "Caddyfile").write_text("localhost {\n\trespnd hi\n}\n")
    done = run("run", folder=tmp_path)
    assert done.returncode == 1
    message = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert message[0] == (
        'Error: Caddyfile:2: unrecognized directive: respnd; did you mean "respond"?'
    )
    assert message[2].strip() == "^^^^^^"
