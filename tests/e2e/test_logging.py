"""What a running server logs, where, and in which form."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.server import environment, free_port, running

pytestmark = pytest.mark.slow


def site(body: str, options: str = "") -> str:
    """Return a Caddyfile of one site."""
    return f"{{\nadmin off\n{options}\n}}\nhttp://127.0.0.1:PORT {{\n{body}\n}}\n"


def test_an_access_record_has_caddys_fields(tmp_path: Path) -> None:
    """A request is one JSON line with Caddy's names, in Caddy's order."""
    with running(site("log\nrespond hi"), tmp_path) as server:
        httpx.get(f"{server.url}/a?b=c", headers={"Cookie": "secret"})
        record = server.wait_for("handled request")
    assert list(record) == [
        *("level", "ts", "logger", "msg", "request", "bytes_read", "user_id"),
        *("duration", "size", "status", "resp_headers"),
    ]
    assert record["logger"] == "http.log.access"
    assert record["request"]["uri"] == "/a?b=c"
    assert record["request"]["remote_ip"] == "127.0.0.1"
    assert record["request"]["headers"]["Cookie"] == ["REDACTED"]
    assert record["status"] == 200
    assert record["size"] == 2


def logged(folder: Path, least: int) -> list[int]:
    """Return the numbers of all requests in a log and its backups, once there are so many."""
    for _ in range(200):
        packed = sorted(folder.glob("access-*-size.log.gz"))
        files = [gzip.decompress(path.read_bytes()) for path in packed]
        files += [path.read_bytes() for path in folder.glob("access*.log")]
        uris = [json.loads(line)["request"]["uri"] for file in files for line in file.splitlines()]
        if len(uris) >= least and len(files) == len(packed) + 1:
            break
        time.sleep(0.05)
    return sorted(int(uri[1:].partition("?")[0]) for uri in uris)


def test_several_workers_write_and_roll_one_file(tmp_path: Path) -> None:
    """Whole lines, each once, over rotations, compression and the death of a worker."""
    body = "log {\noutput file access.log {\nroll_size 1MiB\n}\n}\nrespond hi"
    long = "x" * 6000
    with running(site(body), tmp_path) as server:
        for part in (range(300), range(300, 600)):
            with httpx.Client() as client, ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda n: client.get(f"{server.url}/{n}?{long}"), part))
            assert logged(tmp_path, part.stop) == list(range(part.stop))
            if not part.start:
                os.kill(server.workers()[0], signal.SIGKILL)
                server.wait_for("worker died; starting another")
    assert len(list(tmp_path.glob("access-*-size.log.gz"))) == 3
    assert "handled request" not in server.log


def open_files(folder: Path) -> list[str]:
    """Return what processes have open of the log files in a folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            found.append(str(each.readlink()))
    return [name for name in found if name.startswith(f"{folder}/") and "access" in name]


def test_no_process_keeps_a_log_open_that_is_gone(tmp_path: Path) -> None:
    """Not the workers, nor the supervisor; so a deletion makes room, and then lines come again."""
    log = tmp_path / "access.log"
    with running(site("log {\noutput file access.log\n}\nrespond hi"), tmp_path) as server:
        assert len(open_files(tmp_path)) >= 2
        for number, command in enumerate((("rm", log), ("mv", log, tmp_path / "access.old"))):
            httpx.get(f"{server.url}/{number}")
            assert logged(tmp_path, 1) == [number]
            subprocess.run(command, check=True)
            time.sleep(2)
            assert open_files(tmp_path) == []
        assert not log.exists()


def test_an_uri_cannot_forge_a_record(tmp_path: Path) -> None:
    """What a client sends stays inside the JSON string."""
    with running(site("log\nrespond hi"), tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b'GET /"}\\n{"level":"error" HTTP/1.1\r\nHost: a\r\n\r\n')
            client.recv(4096)
        httpx.get(f"{server.url}/%0a%1b[31m", headers={"User-Agent": 'a"}\\n{'})
        server.wait_for("handled request")
    assert not [record for record in server.records if record["level"] == "error"]


def test_a_terminal_gets_the_readable_form(tmp_path: Path) -> None:
    """On a terminal records are coloured text, around what tells all at one glance."""
    port = free_port()
    (tmp_path / "Caddyfile").write_text(site("respond hi").replace("PORT", str(port)))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "snake", "run"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while b"Ctrl-C stops it" not in seen:
            seen += os.read(ours, 4096)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        os.close(ours)
    first = seen.decode().splitlines()[0]
    assert "\x1b[34mINFO" in first
    plain = re.sub(r"\x1b\[\d+m", "", first)
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} INFO  using config from file file=Caddyfile", plain)


def test_debug_is_off_until_it_is_asked_for(tmp_path: Path) -> None:
    """A 404 of a handler is a DEBUG record: `debug` shows it."""
    with running(site('error "gone" 404', "debug"), tmp_path) as server:
        httpx.get(server.url)
        assert server.wait_for("gone")["level"] == "debug"
    with running(site('error "gone" 404'), tmp_path) as server:
        httpx.get(server.url)
    assert not [record for record in server.records if record["level"] == "debug"]
