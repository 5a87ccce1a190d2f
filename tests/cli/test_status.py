"""`snake status` and `snake top`."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from snake.cli.quantities import latency, rate, size, span
from snake.cli.status import lines
from snake.cli.top_frame import frame, lost
from snake.metrics.problems import problems
from snake.metrics.rates import rates
from snake.metrics.report import Report
from tests.metrics.reports import certificate, full, report, site
from tests.server import Server, free_port, run, running

SITE = """{
	admin 127.0.0.1:ADMIN
}
http://127.0.0.1:PORT, http://named.test:PORT {
	respond hello
}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server, and the address of its admin API."""
    address = f"127.0.0.1:{free_port()}"
    folder = tmp_path_factory.mktemp("status")
    with running(SITE.replace("127.0.0.1:ADMIN", address), folder) as server:
        yield server, address


def test_status(server: tuple[Server, str], tmp_path: Path) -> None:
    """A server that is well is told as a table, or as JSON, with the exit code 0."""
    running, address = server
    for _ in range(3):
        httpx.get(running.url)
    told = run("status", "--address", address, folder=tmp_path)
    as_json = run(
        "status", "--json", "--config", str(running.folder / "Caddyfile"), folder=tmp_path
    )

    assert (told.returncode, told.stderr) == (0, "")
    assert f"process {running.pid}" in told.stdout
    (line,) = [line for line in told.stdout.splitlines() if "named.test" in line]
    assert line.split()[:7] == ["127.0.0.1,", "named.test", "srv0", "3", "3", "0", "0"]
    assert as_json.returncode == 0
    assert json.loads(as_json.stdout)["sites"][1]["statuses"] == {"2xx": 3}


def test_status_without_a_server(tmp_path: Path) -> None:
    """Where nothing runs the exit code is 1, and nothing is on stdout."""
    for command in (("status",), ("status", "--json"), ("top",)):
        told = run(*command, "--address", f"127.0.0.1:{free_port()}", folder=tmp_path)

        assert (told.returncode, told.stdout) == (1, "")
        assert "nothing listens at 127.0.0.1:" in told.stderr


def test_top_into_a_pipe(server: tuple[Server, str], tmp_path: Path) -> None:
    """Into a pipe it prints one frame and ends."""
    told = run("top", "--address", server[1], folder=tmp_path)

    assert told.returncode == 0
    assert "req/s" in told.stdout
    assert "named.test" in told.stdout
    assert "\x1b" not in told.stdout


def test_top_in_a_terminal(server: tuple[Server, str], tmp_path: Path) -> None:
    """In a terminal it draws until q is typed, and then leaves all as it was."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(theirs)
    with subprocess.Popen(
        [sys.executable, "-m", "snake", "top", "--address", server[1]],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm-256color"},
    ) as process:
        seen = b""
        while b"q quit" not in seen:
            seen += os.read(ours, 65_536)
        os.write(ours, b"q")
        assert process.wait(20) == 0
        assert termios.tcgetattr(theirs) == before
        os.close(theirs)
        while b"\x1b[?1049l" not in seen:
            seen += os.read(ours, 65_536)
    os.close(ours)

    assert b"\x1b[?1049h" in seen
    assert b"named.test" in seen


def drawn(found: Report, width: int, height: int | None) -> list[str]:
    """Return the lines of a frame in a terminal of a size."""
    out = io.StringIO()
    console = Console(file=out, width=width, height=height or 100, force_terminal=False)
    console.print(frame(rates(None, found), width, height))
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 50), (40, 12), (20, 5)])
def test_frames_fit(width: int, height: int) -> None:
    """However much there is, and whatever its names, a frame is not larger than the terminal."""
    sites = tuple(site(f"{'very.' * 20}long{n}.test", n) for n in range(200))
    evil = certificate("\x1b[31mevil\n", None, error="\x1b]0;title\x07" * 20)
    found = full()
    many = Report(**{
        **{name: getattr(found, name) for name in found.__struct_fields__},
        "sites": sites, "certificates": (evil, *found.certificates),
        "problems": tuple(f"problem {n}" for n in range(50)),
    })  # fmt: skip
    told = drawn(many, width, height)

    assert len(told) <= height
    assert max(map(len, told)) <= width
    assert not any("\x1b" in line or "\x07" in line for line in told)
    if height >= 24:
        assert any("more" in line for line in told)
        assert any("old:app" in line for line in told)


def test_frames_cut_no_number() -> None:
    """Where there is no room quantiles go first, and then other columns; servers are told apart."""
    sites = (site("a.test", 12_345), site("a.test", 9999, server="srv1"))
    wide, small = (drawn(report(sites=sites), width, 20) for width in (100, 50))

    for head in ("SERVER", "P50", "P95", "P99", "2xx", "NOW"):
        assert any(head in line.split() for line in wide)
    (heads,) = [line.split() for line in small if line.startswith("SITE")]
    assert heads == ["SITE", "SERVER", "REQ/S", "2xx", "3xx", "4xx", "5xx", "NOW"]
    rows = [line.split() for line in small if line.startswith("a.test")]
    assert rows == [
        ["a.test", "srv0", "123", "123", "0", "0", "0", "0"],
        ["a.test", "srv1", "100", "100", "0", "0", "0", "0"],
    ]
    assert not any("…" in line for line in small)


def test_frame_of_a_server_that_is_gone_has_no_figures() -> None:
    """What was true is not shown as if it still were."""
    out = io.StringIO()
    Console(file=out, width=60).print(lost(rates(None, full()), "nothing listens there"))

    assert "nothing listens there" in out.getvalue()
    assert "last seen: process 10" in out.getvalue()
    assert "req/s" not in out.getvalue()
    assert "serving" not in out.getvalue()


def test_frame_has_all() -> None:
    """With room for it there is a table for each kind of thing."""
    told = "\n".join(drawn(full(), 160, None))

    for text in ("a.test", "main:app", "1 of 2", "2 of 2 apps", "serving", "draining", "bad.test"):
        assert text in told
    assert "late.test" in told
    assert "good.test" not in told


def test_problems() -> None:
    """What is wrong is told in words; a report of a server that is well has nothing."""
    assert list(problems(report())) == []
    assert list(problems(full())) == [
        "the last reload failed: no such file",
        "old:app has 1 of 2 processes",
        "a.log: 3 log lines were lost",
        "bad.test: no certificate: refused",
    ]
    told = "\n".join(lines(full()))
    assert "bad.test" in told
    assert "tried again in" in told


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (span(59), "59 s"),
        (span(-1), "0 s"),
        (span(7200), "2 h"),
        (latency(None), "-"),
        (latency(0.00025), "250 µs"),
        (latency(0.0012), "1.2 ms"),
        (latency(60), "60 s"),
        (size(0), "0 B"),
        (size(31 << 20), "31 MiB"),
        (size(5 << 30), "5.0 GiB"),
        (rate(0), "0"),
        (rate(0.01), "<0.1"),
        (rate(0.25), "0.2"),
        (rate(9999), "9,999"),
        (rate(12_345), "12k"),
        (rate(1.5e6), "1.5M"),
    ],
)
def test_quantities(told: str, expected: str) -> None:
    """Two digits say enough."""
    assert told == expected
