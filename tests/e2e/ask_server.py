"""An endpoint that is asked about names, by a permission or a manager."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Answer = Callable[[str], int | bytes]


class AskServer:
    """What it was asked, and how it answers: a status for a name, or a body; 0 is nothing, ever."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.names: list[str] = []
        self.targets: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.port = 0
        self.lock = threading.Lock()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/ask"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    told: AskServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Answer."""
        told = self.server.told
        query = parse_qs(urlsplit(self.path).query)
        name = (query.get("domain") or query["server_name"])[0]
        with told.lock:
            told.names.append(name)
            told.targets.append(self.path)
            told.at_once += 1
            told.most_at_once = max(told.most_at_once, told.at_once)
        try:
            time.sleep(0.002)
            answer = told.answer(name)
            if not answer:
                told.over.wait()
                return
            status, body = (200, answer) if isinstance(answer, bytes) else (answer, b"")
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/ask?domain=a.com")
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        finally:
            with told.lock:
                told.at_once -= 1

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def ask_server(answer: Answer) -> Iterator[AskServer]:
    """Run one."""
    told = AskServer(answer)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.told = told
        told.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield told
        finally:
            told.over.set()
            server.shutdown()
            thread.join()
