"""A site by HTTPS with a certificate of an authority of our own, and who fetches it.

::

    with site(await authority.issue(...), key) as url:
        chromium(url, folder, {})
"""

from __future__ import annotations

import http.server
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

BODY = "hello from a trusted site"


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers everything with `BODY`."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that do not like the certificate."""


@contextmanager
def site(folder: Path, chain: str, key: bytes) -> Iterator[str]:
    """Serve with a certificate for `localhost`; yield the URL."""
    (folder / "site.pem").write_bytes(chain.encode() + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem")
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def chromium(url: str, folder: Path, environ: Mapping[str, str]) -> str:
    """Return the page as Chromium shows it."""
    done = subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--no-proxy-server", f"--user-data-dir={folder}", "--dump-dom", url),
        ],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return done.stdout
