"""A well-behaved upstream: it answers by the path that it is asked for.

| path | answer |
|---|---|
| `/status/503` | that status, its number as the body |
| `/header?X-A=1` | each parameter is a header field |
| `/gzip` | a text, compressed if the client takes gzip |
| `/slow?ms=50` | `slow`, after that time |
| `/stream?n=3` | that many lines, chunked |
| `/size?n=1000` | that many bytes |
| `/moved?to=/x` | 302 |
| `/drop` | none: the connection is closed; with `?on=2` only that upstream does so |
| `/tell` | what was asked as fields: `X-Method`, `X-Target`, `X-Fields` (names, in order) |
| `/raw` | the request's body, to the byte, and the connection is closed; `?keep=1`: it is not |
| any other | what was asked: method, target, fields and body, as text |
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

TEXT = b"the quick brown fox jumps over the lazy dog\n" * 40


class _Handler(BaseHTTPRequestHandler):
    """Answers by the path."""

    protocol_version = "HTTP/1.1"
    # Head and body are two writes, and the second must not wait for the first to be acknowledged.
    disable_nagle_algorithm = True
    upstream_name = "1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def version_string(self) -> str:
        """Return the Server field, as an upstream of that name sends it."""
        return "upstream"

    def _answer(self) -> None:
        body = self._body()
        url = urlsplit(self.path)
        word, _, rest = url.path.strip("/").partition("/")
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        answer = getattr(self, f"_on_{word}", None)
        if word == "raw":
            self.wfile.write(body)
            self.close_connection = "keep" not in query
        elif answer is None:
            self._echo(body)
        else:
            answer(rest, query)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Return what answers a method: the same for all."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _echo(self, body: bytes) -> None:
        fields = sorted(f"{name.lower()}: {value}" for name, value in self.headers.items())
        lines = [f"{self.command} {self.path}", *fields, "", body.decode("latin-1")]
        self._whole(200, "\n".join(lines).encode("latin-1"), {"Content-Type": "text/plain"})

    def _whole(self, status: int, body: bytes, fields: dict[str, str]) -> None:
        self.send_response(status)
        if self.upstream_name != "1":
            self.send_header("X-Upstream", self.upstream_name)
        for name, value in fields.items():
            self.send_header(name, value)
        if status >= 200 and status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def _on_status(self, code: str, query: dict[str, str]) -> None:
        self._whole(int(code), code.encode(), {"Content-Type": "text/plain", **query})

    def _on_header(self, _: str, query: dict[str, str]) -> None:
        self._whole(200, b"fields", {"Content-Type": "text/plain", **query})

    def _on_gzip(self, _: str, query: dict[str, str]) -> None:
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            fields = {"Content-Encoding": "gzip", "Content-Type": "text/plain", **query}
            self._whole(200, gzip.compress(TEXT, mtime=0), fields)
        else:
            self._whole(200, TEXT, {"Content-Type": "text/plain", **query})

    def _on_slow(self, _: str, query: dict[str, str]) -> None:
        time.sleep(int(query.get("ms", "50")) / 1000)
        self._whole(200, b"slow", {"Content-Type": "text/plain"})

    def _on_size(self, _: str, query: dict[str, str]) -> None:
        self._whole(200, b"x" * int(query["n"]), {"Content-Type": "text/plain"})

    def _on_moved(self, _: str, query: dict[str, str]) -> None:
        self._whole(302, b"", {"Location": query["to"]})

    def _on_drop(self, _: str, query: dict[str, str]) -> None:
        if query.get("on", self.upstream_name) == self.upstream_name:
            self.close_connection = True
        else:
            self._whole(200, b"kept", {"Content-Type": "text/plain"})

    def _on_tell(self, _: str, query: dict[str, str]) -> None:
        del query
        names = sorted(name.lower() for name in self.headers)
        told = {"X-Method": self.command, "X-Target": self.path, "X-Fields": ",".join(names)}
        self._whole(200, b"", told)

    def _on_stream(self, _: str, query: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command != "HEAD":
            for number in range(int(query.get("n", "3"))):
                line = f"line {number}\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away."""


@contextmanager
def upstream(name: str = "1") -> Iterator[int]:
    """Run an upstream on loopback, and give its port. Any but the first says who it is."""
    handler = type("_Named", (_Handler,), {"upstream_name": name})
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
