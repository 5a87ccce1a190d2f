"""`snake respond`, `file-server` and `reverse-proxy`: what they serve, and what they refuse."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from snake.cli.main import main
from tests.server import environment, free_port, free_ports, run

Captured = pytest.CaptureFixture[str]


@contextmanager
def serving(*args: str, folder: Path, text: str = "") -> Iterator[list[str]]:
    """Run `snake <args>` with this on stdin; return what is on stdout when it serves."""
    process = subprocess.Popen(
        [sys.executable, "-m", "snake", *args],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    with process:
        process.stdin.write(text)
        process.stdin.close()
        log = ""
        for line in process.stderr:
            log += line
            if '"serving"' in line:
                break
        else:
            raise AssertionError(log)
        count = 1 if args[0] == "respond" else 0
        yield [process.stdout.readline() for _ in range(count)]
        process.terminate()
        process.stderr.read()
        assert process.wait(20) == 0


@pytest.mark.slow
def test_respond_serves_what_stdin_has(tmp_path: Path) -> None:
    """The body is what is piped, the port is printed, the fields and the status are sent."""
    args = ("respond", "--listen", "127.0.0.1:0", "-s", "418", "-H", "X-A: b")
    with serving(*args, folder=tmp_path, text="{{.N}} from stdin") as (line,):
        match = re.fullmatch(r"Server address: (127\.0\.0\.1:\d+)\n", line)
        assert match
        answer = httpx.get(f"http://{match[1]}/any")

    assert (answer.status_code, answer.text) == (418, "0 from stdin")
    assert answer.headers["x-a"] == "b"


@pytest.mark.slow
def test_proxy_passes_on_to_a_file_server(tmp_path: Path) -> None:
    """A folder is listed and compressed; the proxy in front adds fields both ways."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("from a file " * 1000)
    files, proxy = free_ports(2)
    serve = ("file-server", "-b", "-r", "files", "-l", f"127.0.0.1:{files}")
    passing = ("reverse-proxy", "-f", f":{proxy}", "-t", f"127.0.0.1:{files}", "-d", "X-Via: me")
    with (
        serving(*serve, folder=tmp_path),
        serving(*passing, folder=tmp_path),
        httpx.Client(base_url=f"http://127.0.0.1:{proxy}") as client,
    ):
        listing = client.get("/", headers={"Accept": "application/json"})
        file = client.get("/a.txt")

    assert [entry["name"] for entry in listing.json()] == ["a.txt"]
    assert file.text.startswith("from a file")
    assert file.headers["content-encoding"] in ("gzip", "zstd")
    assert file.headers["x-via"] == "me"


@pytest.mark.slow
def test_template_that_is_exported_makes_the_same_page(tmp_path: Path) -> None:
    """`export-template` prints one file, which `browse` takes."""
    (tmp_path / "listing.html").write_text(
        run("file-server", "export-template", folder=tmp_path).stdout
    )
    port = free_port()
    (tmp_path / "Caddyfile").write_text(
        "{\n\tadmin off\n}\n"
        f"http://127.0.0.1:{port} {{\n"
        "\thandle_path /own/* {\n\t\tfile_server browse\n\t}\n"
        "\thandle_path /other/* {\n\t\tfile_server {\n\t\t\tbrowse listing.html\n\t\t}\n\t}\n}\n"
    )
    with serving("run", folder=tmp_path), httpx.Client() as client:
        own, other = (
            "".join(client.get(f"http://127.0.0.1:{port}/{name}/").text.split())
            for name in ("own", "other")
        )

    assert "listing.html" in own
    assert other.replace("/other/", "/own/") == own


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("respond a b", "respond takes one argument, a body or a status; got 2"),
        ("respond -s 99", "99 is not in the range 100<=x<=999"),
        ("respond -s 200 -b x y", 'the argument "y" is overridden by --status and --body'),
        ("respond {{.X}}", "the body has {{.X}}; expected {{.N}}"),
        ("respond {{", "the body has {{ without }}"),
        ("respond -H x", '--header takes "Field: value", got "x"'),
        ("respond -l :x", '--listen: invalid address ":x": "x" is no port'),
        ("file-server -r nowhere", '--root takes a folder; there is none at "nowhere"'),
        ("file-server -l x", '--listen: invalid address "x": a port is missing'),
        ("file-server -p bro", 'got "bro"; did you mean "br"?'),
        ("file-server -f x", "'x' is not a valid integer"),
        ("file-server export", 'unknown command "export"; did you mean "export-template"?'),
        ("reverse-proxy", "--to is missing"),
        ("reverse-proxy --to", "requires an argument"),
        ("reverse-proxy -t http://x,https://y", "one scheme, got http://x and https://y"),
        ("reverse-proxy -f a/b -t x", '--from takes no path, got "a/b"'),
        ("reverse-proxy -f a:b -t x", "--from: \"a:b\" is no address: invalid port 'b'"),
        ("file-server -f -5", "-5 is not in the range x>=0"),
        ("reverse-proxy -t ws://x", "the scheme ws:// is only supported in browsers"),
        ("reverse-proxy -t x -H :y", '--header-up takes "Field: value", got ":y"'),
    ],
)
def test_wrong_flag_is_named(
    line: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    """Each wrong value is one message with what was expected, and the exit code is 1."""
    monkeypatch.chdir(tmp_path)

    code = main(line.split())

    assert message in capsys.readouterr().err
    assert code == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("caf\xe9", "the body from stdin is not UTF-8"),
        ("x" * (16 << 20) + "x", "the body from stdin is larger than 16 MiB"),
    ],
)
def test_body_that_cannot_be_sent_is_told(tmp_path: Path, body: str, message: str) -> None:
    """What is piped in is text, and not without end."""
    done = run("respond", folder=tmp_path, input=body, encoding="latin-1")

    assert message in done.stderr
    assert (done.returncode, done.stdout) == (1, "")
