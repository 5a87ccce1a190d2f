"""A real Caddy that serves HTTPS from a folder, to be asked for its certificates.

::

    with serving(tmp_path, "localhost") as caddy:
        caddy.certificate("localhost").serial_number
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from tests.caddy import binary
from tests.server import free_port

PATIENCE = 20.0


class Caddy:
    """A Caddy that runs."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.port = port
        self._process = process
        self._log = log

    @property
    def log(self) -> str:
        """What it has written until now."""
        return self._log.read_text()

    def says(self, text: str) -> None:
        """Wait until it has written a text."""
        end = time.monotonic() + PATIENCE
        while text not in self.log:
            assert time.monotonic() < end, self.log
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def certificate(self, name: str) -> x509.Certificate:
        """Return what it serves for a name, when it serves something."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return served(self.port, name)
            except OSError:
                assert self._process.poll() is None, self.log
                assert time.monotonic() < end, self.log
                time.sleep(0.02)


def served(port: int, name: str) -> x509.Certificate:
    """Return the certificate that a server has for a name. Raises `OSError`."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=name) as sock,
    ):
        der = sock.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


@contextmanager
def serving(folder: Path, *names: str, options: str = "local_certs") -> Iterator[Caddy]:
    """Run Caddy for sites with these names, with its storage in `folder / "storage"`."""
    port = free_port()
    config = f"""{{
        admin off
        skip_install_trust
        http_port {free_port()}
        https_port {port}
        storage file_system {folder / "storage"}
        {options}
    }}
    {", ".join(names)} {{
        respond hello
    }}
    """
    with running_caddy(config, folder, port) as caddy:
        yield caddy


@contextmanager
def running_caddy(config: str, folder: Path, port: int = 0) -> Iterator[Caddy]:
    """Run Caddy with a Caddyfile, in a folder."""
    (folder / "serving.caddyfile").write_text(config)
    log = folder / "caddy.log"
    environ = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder)}
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [binary(), "run", "--config", "serving.caddyfile", "--adapter", "caddyfile"],
            cwd=folder,
            env=environ,
            stderr=stderr,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield Caddy(process, port, log)
        finally:
            process.terminate()
            process.wait(PATIENCE)
