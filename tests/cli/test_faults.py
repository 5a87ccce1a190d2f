"""Faults that show only when a configuration comes to life are told with their place."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import environment, free_ports, run, start

SITE = "http://127.0.0.1:0 {\n%s\n}\n"
APP = "http://127.0.0.1:0 {\n\tpython {\n\t\tmodule_wsgi main:app\n\t\tworkers 1\n%s\t}\n}\n"


def report(stderr: str) -> list[str]:
    """Return what stands on stderr beside the log."""
    return [line for line in stderr.splitlines() if not line.startswith("{")]


def check(folder: Path, caddyfile: str, command: str = "validate") -> list[str]:
    """Run a command that must fail; return its message."""
    (folder / "Caddyfile").write_text(caddyfile)
    done = run(command, "--config", "Caddyfile", folder=folder)
    assert done.returncode == 1
    assert done.stdout == ""
    return report(done.stderr)


@pytest.mark.parametrize(
    ("lines", "line", "shown", "message"),
    [
        ("\t@a path_regexp (\n\trespond @a x", 2, "(", 'invalid regular expression "("'),
        ("\t@a remote_ip 1.2.3\n\trespond @a x", 2, "1.2.3", "invalid IP range: '1.2.3'"),
        ("\t@a expression `{path} ==`\n\trespond @a x", 2, "`{path} ==`", "expected a value"),
        ("\tfile_server {\n\t\tbrowse no.html\n\t}", 3, "browse", "cannot read no.html"),
        ("\thandle /x {\n\t\tpython nothere:app\n\t}", 3, "nothere:app", "cannot load the app"),
    ],
)
def test_a_fault_of_a_line_is_told_with_it(
    tmp_path: Path, lines: str, line: int, shown: str, message: str
) -> None:
    """`validate` names file and line of what the Caddyfile made, with a caret under the word."""
    first, source, carets, *_ = check(tmp_path, SITE % lines)
    assert first.startswith(f"Error: Caddyfile:{line}: {message}")
    assert source[carets.index("^") :].startswith(shown)


def test_encryption_that_cannot_be_is_told_by_its_line(tmp_path: Path) -> None:
    """What cannot be done says so by its name, at the word that was written."""
    text = "a.com {\n\trespond x\n\ttls internal {\n\t\tkey_type p265\n\t}\n}\n"
    first, source, carets = check(tmp_path, text)
    assert first.startswith("Error: Caddyfile:4: unrecognized key type: p265; did you mean")
    assert source[carets.index("^") :].startswith("p265")


def test_what_automatic_https_adds_moves_no_fault(tmp_path: Path) -> None:
    """The place of a fault is that in the configuration, not behind the redirects put before it."""
    plain, secure = free_ports(2)
    servers = {
        "plain": {
            "listen": [f":{plain}"],
            "routes": [{"match": [{"path_regexp": {"pattern": "("}}]}],
        },
        "secure": {"listen": [f":{secure}"], "routes": [{"match": [{"host": ["localhost"]}]}]},
    }
    app = {"http_port": plain, "https_port": secure, "servers": servers}
    (tmp_path / "a.json").write_text(json.dumps({"apps": {"http": app}}))
    for command in ("validate", "run"):
        done = run(command, "--config", "a.json", folder=tmp_path)

        assert done.returncode == 1
        assert "Error: apps/http/servers/plain/routes/0/match/0/path_regexp" in done.stderr


@pytest.mark.parametrize(
    ("text", "line", "shown", "message"),
    [
        ("{\n\tacme_ca ftp://x\n}\na.com\n", 2, "ftp://x", "'ftp://x' is no URL"),
        ("{\n\thttp_port 99999\n}\na.com\n", 2, "http_port", "a port is 1 to 65535"),
        ("{\n\tstorage file_system /proc/no\n}\nlocalhost\n", 2, "/proc/no", "/proc/no"),
        ("{\n\tech a.com\n}\na.com\n", 2, "ech", "Encrypted ClientHello is not available"),
        ("https:// {\n\ttls {\n\t\ton_demand\n\t}\n}\n", 2, "tls", "on-demand TLS cannot be"),
        ("a.com {\n\ttls {\n\t\tissuer internal {\n\t\t\tca no\n}\n\t}\n}\n", 4, "no", "'no'"),
        (
            "a.com {\n\ttls {\n\t\tclient_auth {\n\t\t\ttrust_pool file /no.pem\n\t\t}\n\t}\n}\n",
            4,
            "/no.pem",
            "cannot read /no.pem",
        ),
        (
            "{\n\tstorage redis {\n\t\thost 127.0.0.1\n\t\tport 1\n\t}\n}\na.com\n",
            3,
            "",
            "Redis at",
        ),
    ],
)
def test_fault_of_certificates_is_told_by_the_line_that_asked(
    tmp_path: Path, text: str, line: int, shown: str, message: str
) -> None:
    """Options and lines of `tls` go into parts that nobody wrote; a fault of those names them."""
    first, source, carets, *_ = check(tmp_path, text)
    assert first.startswith(f"Error: Caddyfile:{line}: ")
    assert message in first
    assert source[carets.index("^") :].startswith(shown)


def test_certificate_that_is_not_there_is_told_by_its_line(tmp_path: Path) -> None:
    """A file that is named and cannot be read is a fault of the word that names it."""
    first, source, carets = check(tmp_path, "a.com {\n\trespond x\n\ttls no.crt no.key\n}\n")
    assert first.startswith("Error: Caddyfile:3: ")
    assert "no.crt" in first
    assert source[carets.index("^") :].startswith("no.crt")


@pytest.mark.parametrize(
    ("app", "extra", "line", "shown", "message"),
    [
        (None, "", 3, "main:app", 'there is no module "main"'),
        ("application = print", "", 3, "main:app", 'has no attribute "app"'),
        ("app = 1", "", 3, "main:app", "is not callable"),
        ("app = print", "\t\tvenv nowhere\n", 5, "venv", "does not exist"),
        ("app = print", "\t\tworking_dir nowhere\n", 5, "working_dir", "does not exist"),
        ("app = print", "\t\tenv_file nowhere\n", 5, "nowhere", "No such file or directory"),
        ("import os; os._exit(7)", "", 2, "python", "the worker ended before it was ready"),
    ],
)
@pytest.mark.slow
def test_an_app_that_cannot_run_is_told_with_its_line(  # noqa: PLR0913, PLR0917
    tmp_path: Path, app: str | None, extra: str, line: int, shown: str, message: str
) -> None:
    """What a worker finds reaches the terminal with the place in the Caddyfile."""
    if app is not None:
        (tmp_path / "main.py").write_text(app)
    first, source, carets, *_ = check(tmp_path, APP % extra, "run")
    assert first.startswith(f"Error: Caddyfile:{line}: ")
    assert message in first
    assert source[carets.index("^") :].startswith(shown)


@pytest.mark.slow
def test_a_fault_of_an_app_in_a_pool_is_told_at_its_line(tmp_path: Path) -> None:
    """An app with another working_dir runs in a pool; what fails there is told as here."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "main.py").write_text("def app(environ, start_response): ...")
    (tmp_path / "b" / "main.py").write_text("1/0")
    app = "\thandle /%s {\n\tpython {\n\tmodule_wsgi main:app\n\tworking_dir %s\n\t}\n\t}\n"
    first, *_, last = check(tmp_path, SITE % (app % ("a", "a") + app % ("b", "b")))
    assert first.startswith('Error: Caddyfile:10: the app "main:app" failed while it was imported')
    assert last.startswith("ZeroDivisionError")


def test_a_json_configuration_keeps_its_path(tmp_path: Path) -> None:
    """Who writes JSON is told the JSON path, of an app's failure as well."""
    routes = [{"handle": [{"handler": "python", "module_wsgi": "nothere:app"}]}]
    servers = {"srv0": {"listen": [":1"], "routes": routes}}
    (tmp_path / "c.json").write_text(json.dumps({"apps": {"http": {"servers": servers}}}))
    done = run("validate", "--config", "c.json", folder=tmp_path)
    assert done.returncode == 1
    assert report(done.stderr)[0].startswith(
        'Error: apps/http/servers/srv0/routes/0/handle/0: cannot load the app "nothere:app"'
    )


def test_a_port_in_use_is_told_by_the_address_of_its_site(tmp_path: Path) -> None:
    """The site's line is named, and who has the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = "{\n\tdefault_bind 127.0.0.1\n}\n"
        first, source, _ = check(tmp_path, f"{options}http://a:{port} {{\n}}\n", "run")
    assert first.startswith(f"Error: Caddyfile:4: cannot listen on 127.0.0.1:{port}")
    assert source.strip() == f"http://a:{port} {{"


@pytest.mark.slow
def test_an_app_that_is_late_is_named_with_its_option(tmp_path: Path) -> None:
    """start_timeout ends the wait, and nothing is waited for after it."""
    (tmp_path / "main.py").write_text("import threading; threading.Event().wait(60)")
    server = start(APP % "\t\tstart_timeout 700ms\n", tmp_path)
    assert server.wait(limit=4.5) == 1
    assert report(server.log)[:2] == [
        'Error: Caddyfile:5: the app "main:app" was not ready within its start_timeout of 0.7 s',
        "    \t\tstart_timeout 700ms",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code", "message"),
    [("run", 0, "stopped before the workers were ready"), ("validate", 1, "Error: interrupted")],
)
def test_ctrl_c_ends_an_import_that_takes_its_time(
    tmp_path: Path, command: str, code: int, message: str
) -> None:
    """The interrupt is answered at once, and with a word."""
    # It tells of itself as the log does, so that the log can be waited for.
    begun = 'import sys; print(\'{"msg": "begun"}\', file=sys.stderr, flush=True)'
    (tmp_path / "main.py").write_text(f"{begun}\nimport threading; threading.Event().wait(60)")
    server = start(APP % "", tmp_path, command=command)
    server.wait_for("begun")
    server.send(signal.SIGINT)
    assert server.wait(limit=5) == code
    assert message in server.log


@pytest.mark.slow
def test_a_configuration_without_a_site_is_warned_of(tmp_path: Path) -> None:
    """It runs, as in Caddy, and the log says that nothing is served."""
    server = start("# nothing yet\n", tmp_path)
    warning = server.wait_for("the configuration has no site, so nothing is served")
    assert warning["level"] == "warn"
    server.wait_for("serving")
    assert server.stop() == 0


def test_a_file_that_is_not_utf8_is_warned_of(tmp_path: Path) -> None:
    """The message has the line of the byte; so it is for what the file imports."""
    (tmp_path / "more").write_bytes(b"respond x\n# caf\xe9\n")
    (tmp_path / "Caddyfile").write_bytes(b":80 {\n\timport more\n\trespond \xe2\x82x\n}\n")
    done = run("adapt", folder=tmp_path)
    assert done.returncode == 0
    assert '"\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}x"' in done.stdout
    warnings = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(each["file"], each["line"], each["msg"].split(" is")[0]) for each in warnings] == [
        ("Caddyfile", 3, "the byte 0xe2"),
        (f"{tmp_path}/more", 2, "import: the byte 0xe9"),
    ]


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    """They are shown as pictures of the same width, so the caret is right."""
    assert check(tmp_path, ":80 {\n\t\x1b[2Jxx y\n}\n") == [
        "Error: Caddyfile:2: unrecognized directive: ␛[2Jxx",
        "    \t␛[2Jxx y",
        "    \t^^^^^^",
    ]


def test_a_folder_that_is_gone_is_one_message(tmp_path: Path) -> None:
    """What is started where no folder is any more says so, without a traceback."""
    words = [sys.executable, "-P", "-m", "snake", "run"]
    done = subprocess.run(
        ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh", *words],
        cwd=tmp_path,
        env=environment(tmp_path) | {"CADDY_ADMIN": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Error: the current folder is not there any more" in done.stderr
