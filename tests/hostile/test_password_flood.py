"""A flood of wrong passwords, with real sockets: nobody else waits for it."""

from __future__ import annotations

import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import bcrypt

from tests.server import Server, running

SITE = """{{
	admin off
}}
http://:PORT {{
	bind 127.0.0.1
	basic_auth /private {{
		bob {hashed}
		al {hashed}
	}}
	respond "{{http.auth.user.id}}"
}}
"""
GUESSES = 100


def ask(server: Server, path: str, user: str = "", source: str = "127.0.0.1") -> tuple[int, float]:
    """Return the status, and the seconds that it took."""
    headers = {"Authorization": "Basic " + b64encode(user.encode()).decode()} if user else {}
    connection = HTTPConnection("127.0.0.1", server.port, timeout=50, source_address=(source, 0))
    before = time.monotonic()
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status, time.monotonic() - before


def test_flood_delays_nobody_else(tmp_path: Path) -> None:
    """While one client guesses, others log in, and what needs no password is there at once."""
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(9)).decode()
    with running(SITE.format(hashed=hashed), tmp_path) as server, ThreadPoolExecutor(100) as pool:
        _, alone = ask(server, "/private", "bob:wrong")
        flood = [pool.submit(ask, server, "/private", f"bob:{n}") for n in range(GUESSES)]
        _, first = flood[0].result()
        open_page = [ask(server, "/") for _ in range(20)]
        login = ask(server, "/private", "al:secret", "127.0.0.2")
        remaining = sum(not guess.done() for guess in flood)
        statuses = {guess.result()[0] for guess in flood}

    assert statuses == {401}
    assert {status for status, _ in open_page} == {200}
    assert login[0] == 200
    assert remaining > GUESSES / 4
    # A login waits for those that run already and for its own, not for the queue.
    assert login[1] < (alone + first) * 10
