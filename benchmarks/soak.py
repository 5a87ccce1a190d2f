"""Load every kind of site for long, and see whether memory and files stay as they were.

The kinds are loaded one after another, round after round, and between them come
clients that break off in the middle. After each round the memory of all processes
and their open files are counted. What a process keeps for good (caches, pools, its
heap) it has after a third of the rounds; from then on both must be flat.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import install
import memory
from contenders import Place, files, upstream
from load import wrk
from processes import Running, free_ports, running

SITE = """
	handle /respond {{
		header X-Id {{uuid}}
		respond "Hello, {{query.name}}"
	}}
	handle_path /files/* {{
		root {files}
		encode gzip zstd
		file_server browse
	}}
	handle /lost {{
		error 404
	}}
	handle {{
		reverse_proxy {behind}
	}}
	handle_errors {{
		respond "{{err.status_code}}"
	}}
"""
LOADS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/respond?name=soak", {}),
    ("/files/10k.bin", {}),
    ("/files/60k.txt", {"Accept-Encoding": "gzip"}),
    ("/files/60k.txt", {"Accept-Encoding": "zstd"}),
    ("/files/1m.bin", {"Range": "bytes=5-500000"}),
    ("/files/", {"Accept": "text/html"}),
    ("/proxied", {}),
    ("/lost", {}),
)
GROWTH = 1.03
"""How much more memory is still flat, as a factor."""
FILES = 10
"""How many more open files are still flat."""


def main() -> int:
    """Run the rounds, print a line for each, and return 1 when something grew."""
    options = _options()
    venv = install.ensure(options.python)
    with TemporaryDirectory(prefix="snake-soak-") as folder:
        port, behind = free_ports(2)
        place = Place(venv, Path(folder), port, behind)
        site = SITE.format(files=files(place), behind=f"127.0.0.1:{behind}")
        config = place.caddyfile("soak", site)
        commands = [[place.program("snake"), "run", "--config", config]]
        with (
            running([upstream(place)], behind, "/", Path(folder) / "upstream.log"),
            running(commands, port, "/respond", Path(folder) / "log") as server,
        ):
            seen = _rounds(server, port, options)
    return _judge(seen)


def _rounds(server: Running, port: int, options: argparse.Namespace) -> list[tuple[float, int]]:
    """Return the MiB and the open files after each round."""
    seen = []
    requests = 0.0
    while requests < options.requests:
        for path, fields in LOADS:
            url = f"http://127.0.0.1:{port}{path}"
            requests += options.seconds * wrk(url, 50, options.seconds, fields).rate
            _break_off(port, path)
        found = memory.pss(server.pids), _open_files(server)
        seen.append(found)
        print(f"{requests:>12,.0f} requests  {found[0]:7.1f} MiB  {found[1]:4} files", flush=True)
    return seen


def _break_off(port: int, path: str) -> None:
    """Be a hundred clients that leave: before the head ends, in a body, in the answer."""
    beginnings = (
        f"GET {path} HTTP/1.1\r\nHost: a\r\n",
        f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome",
        f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n",
        f"POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    )
    reset = struct.pack("ii", 1, 0)
    for number in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(beginnings[number % len(beginnings)].encode())
            if number % 8 < len(beginnings):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)


def _open_files(server: Running) -> int:
    count = 0
    for pid in memory.tree(server.pids):
        with suppress(OSError):
            count += sum(1 for _ in (memory.PROC / str(pid) / "fd").iterdir())
    return count


def _judge(seen: list[tuple[float, int]]) -> int:
    """Compare the second third of the rounds with the last."""
    third = max(len(seen) // 3, 1)
    before, after = seen[third : 2 * third] or seen, seen[-third:]
    growth = median(size for size, _ in after) / median(size for size, _ in before)
    opened = median(count for _, count in after) - median(count for _, count in before)
    flat = growth <= GROWTH and opened <= FILES
    print(f"memory {growth:.3f} x, open files {opened:+.0f}: {'flat' if flat else 'GROWS'}")
    return 0 if flat else 1


def _options() -> argparse.Namespace:
    if not shutil.which("wrk"):
        sys.exit("the soak needs wrk; on Debian and Ubuntu: apt install wrk")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000_000, help="in all (10000000)")
    parser.add_argument("--seconds", type=int, default=3, help="of each kind in a round (3)")
    parser.add_argument("--python", help="interpreter (3.13 or 3.12 if found)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
