"""Handshakes with a server on this machine, one or thousands, each for a name."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

PATIENCE = 30.0
"""Seconds for one."""


@dataclass(frozen=True)
class Shaken:
    """What came of a handshake."""

    certificate: bytes = b""
    """As DER; empty if there was none."""
    body: str = ""
    fault: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the certificate."""
        parsed = x509.load_der_x509_certificate(self.certificate)
        found = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return found.get_values_for_type(x509.DNSName)


def shake(port: int, name: str, *, root: Path | None = None, client: str = "127.0.0.1") -> Shaken:
    """Ask for a name, and for `/` if there is a certificate; `root` must have signed it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if root is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(root)
    request = f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
    try:
        with (
            socket.create_connection(("127.0.0.1", port), PATIENCE, (client, 0)) as plain,
            context.wrap_socket(plain, server_hostname=name) as encrypted,
        ):
            certificate = encrypted.getpeercert(binary_form=True) or b""
            encrypted.sendall(request.encode())
            answer = b"".join(iter(lambda: encrypted.recv(65536), b""))
    except (OSError, ssl.SSLError) as error:
        return Shaken(fault=str(error))
    return Shaken(certificate, answer.partition(b"\r\n\r\n")[2].decode())


def shake_all(port: int, names: Iterable[str], at_once: int) -> list[Shaken]:
    """Ask for many names, some of them at once."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda name: shake(port, name), names))
