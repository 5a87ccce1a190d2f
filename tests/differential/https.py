"""Sites with automatic HTTPS, as the real Caddy and as snake serve them.

They are in `https.toml`. In a config, and in its requests, `$HTTP` and `$HTTPS` are the ports that
mean these, and `$PORT1`, `$PORT2`, ... are others; each server has its own. To see what both do::

    python -m tests.differential.https 'a part of a name'
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import (
    BadStatusLine,
    HTTPConnection,
    HTTPException,
    HTTPSConnection,
    RemoteDisconnected,
)
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme
from cryptography import x509

from tests.differential.pair import pair
from tests.server import free_ports

FILE = Path(__file__).with_name("https.toml")
WORDS = ("$HTTPS", "$HTTP", "$PORT1", "$PORT2", "$PORT3")
"""Those that are others' beginning come after these."""
ADDRESSES = ("127.0.0.1", "127.0.0.2", "::1")
PATIENCE = 10.0
"""Seconds in which both must have come to the same: certificates are obtained after the start."""
_OPTIONS = """
	admin off
	persist_config off
	skip_install_trust
	http_port $HTTP
	https_port $HTTPS
"""
_NO_ADMIN = '{"disabled": true, "config": {"persist": false}}'
_OF_THE_SERVER = frozenset({"date", "server"})
_BAD_REQUEST = 400
"""After which it is up to a server whether it goes on."""
_KINDS = {RemoteDisconnected: "closed", BadStatusLine: "closed", ConnectionResetError: "closed"}
"""Ways to end a connection on which nothing was understood. TLS may send an alert before."""


@dataclass(frozen=True)
class Scenario:
    """A config, and what is asked of it beside where it listens."""

    name: str
    config: str = ""
    json: str = ""
    """Instead of it: the `apps` of a document."""
    options: str = ""
    requests: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    """What they differ in on purpose, by how its line begins."""

    @property
    def text(self) -> str:
        """The whole Caddyfile, or the whole document."""
        if self.json:
            return f'{{"admin": {_NO_ADMIN}, "apps": {self.json}}}'
        return f"{{{_OPTIONS}{self.options}}}\n{self.config}"

    @property
    def file(self) -> str:
        """Where it is written."""
        return "https.json" if self.json else "https.caddyfile"


@dataclass(frozen=True)
class Side:
    """One of the two servers, by its ports."""

    ports: Mapping[str, int] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        """Return a text with the ports of this side."""
        for word in WORDS:
            text = text.replace(word, str(self.ports[word]))
        return text

    def neutral(self, text: str) -> str:
        """Return a text with words in place of the ports of this side."""
        for word in WORDS:
            text = re.sub(rf"(?<![0-9]){self.ports[word]}(?![0-9])", word, text)
        return text


def read() -> list[Scenario]:
    """Read all scenarios."""
    return [_scenario(table) for table in tomllib.loads(FILE.read_text())["scenario"]]


def _scenario(table: dict[str, Any]) -> Scenario:
    for key in ("requests", "differs"):
        table[key] = tuple(table.get(key, ()))
    return Scenario(**table)


@contextmanager
def both(scenario: Scenario, folder: Path) -> Iterator[tuple[Side, Side]]:
    """Run a scenario with both servers: Caddy, and snake."""
    free = free_ports(2 * len(WORDS))
    caddy, snake = (Side(dict(zip(WORDS, ports, strict=True))) for ports in (free[::2], free[1::2]))
    _make_certificates(folder)
    text = scenario.text.replace("$FILES", str(folder))
    texts = {"caddy": caddy.filled(text), "snake": snake.filled(text)}
    with pair(texts, folder, workers=1, name=scenario.file):
        yield caddy, snake


def _make_certificates(folder: Path) -> None:
    """Write a CA (`ca.pem`), and certificates by it with their keys: `server.pem`, `client.pem`.

    That of the server is for `manual.localhost` and all names in `wild.localhost`.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    server = authority.issue_cert("manual.localhost", "*.wild.localhost")
    server.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    client = authority.issue_cert("client.example", common_name="client", organization_name="Org")
    client.private_key_and_cert_chain_pem.write_to_path(str(folder / "client.pem"))


def observed(scenario: Scenario, side: Side, folder: Path) -> dict[str, str]:
    """Return all that a server does, by what was done to it."""
    found = {}
    for word in WORDS:
        for address in ADDRESSES:
            found[f"{address} {word}"] = listening(address, side.ports[word])
    for line in scenario.requests:
        found[line] = side.neutral(answer(side.filled(line), folder))
    return found


def compared(scenario: Scenario, folder: Path) -> list[str]:
    """Return in what both differ, but for what they differ in on purpose."""
    with both(scenario, folder) as (caddy, snake):
        end = time.monotonic() + PATIENCE
        while True:
            seen = observed(scenario, caddy, folder), observed(scenario, snake, folder)
            wrong = list(_differences(scenario, *seen))
            if not wrong or time.monotonic() > end:
                return wrong
            time.sleep(0.2)


def _differences(
    scenario: Scenario, caddy: Mapping[str, str], snake: Mapping[str, str]
) -> Iterator[str]:
    for what, seen in caddy.items():
        on_purpose = what.startswith(scenario.differs) if scenario.differs else False
        if (seen == snake[what]) is on_purpose:
            yield f"{what}\n  caddy {seen}\n  snake {snake[what]}"


def listening(address: str, port: int) -> str:
    """Return what is spoken at an address: nothing, HTTP or TLS."""
    try:
        with socket.create_connection((address, port), timeout=5) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            first = sock.makefile("rb").readline()
    except ConnectionRefusedError:
        return "closed"
    except OSError as error:
        return type(error).__name__
    return "TLS" if first.startswith(b"HTTP/1.0 400") else "HTTP"


def answer(line: str, folder: Path) -> str:
    """Send a request, `METHOD URL [sni=name] [host=name] [at=address] [as=client]`.

    Returns the answer. The name of the URL is that of TLS too, unless it is an address; `as` names
    a certificate in the folder.
    """
    method, url, *more = line.split(" ", 2)
    options = dict(re.findall(r"(\w+)=(\S*)", more[0] if more else ""))
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 0
    address = options.get("at", host if re.fullmatch(r"[0-9a-f.:]*[.:][0-9a-f.:]*", host) else "")
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    name = options.get("sni", host)
    try:
        context = _context(folder / f"{options['as']}.pem" if "as" in options else None)
        where = (address or "127.0.0.1", port)
        connection, seen = _connection(context if parts.scheme == "https" else None, where, name)
    except ssl.SSLError as error:
        return f"no TLS: {error.reason}"
    except OSError as error:
        return f"no connection: {type(error).__name__}"
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", options.get("host", parts.netloc))
        connection.endheaders()
        response = connection.getresponse()
        fields = [f"{k.lower()}: {v}" for k, v in response.getheaders()]
        left_out = _OF_THE_SERVER | ({"connection"} if response.status == _BAD_REQUEST else set())
        if "as" in options:  # snake names no HTTP/3 where it asks clients for certificates
            left_out |= {"alt-svc"}
        kept = sorted(each for each in fields if each.partition(":")[0] not in left_out)
        return f"{seen} {response.status} {kept} {response.read()!r}"
    except (OSError, HTTPException) as error:
        return f"{seen} no answer: {_KINDS.get(type(error), type(error).__name__)}"
    finally:
        connection.close()


def _context(client: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if client is not None:
        context.load_cert_chain(client)
    return context


def _connection(
    context: ssl.SSLContext | None, address: tuple[str, int], name: str
) -> tuple[HTTPConnection, str]:
    """Connect; return what TLS was like as well. Raises `OSError`."""
    if context is None:
        return HTTPConnection(*address, timeout=10), "HTTP"
    connection = HTTPSConnection(*address, timeout=10, context=context)
    sock = socket.create_connection(address, timeout=10)
    try:
        secured = context.wrap_socket(sock, server_hostname=_sni(name))
    except OSError:
        sock.close()
        raise
    connection.sock = secured
    certificate = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return connection, f"TLS for {' '.join(str(each.value) for each in names)},"


def _sni(name: str) -> str | None:
    return None if not name or re.fullmatch(r"[0-9.]+|.*:.*", name) else name


def main(part: str = "") -> None:
    """Print what both do in the scenarios whose names have `part` in them."""
    for scenario in read():
        if part not in scenario.name:
            continue
        sys.stdout.write(f"{scenario.name}\n")
        with tempfile.TemporaryDirectory() as folder, both(scenario, Path(folder)) as sides:
            time.sleep(1)
            caddy, snake = (observed(scenario, side, Path(folder)) for side in sides)
            for what, seen in caddy.items():
                equal = "   " if seen == snake[what] else "!! "
                sys.stdout.write(f"{equal}{what}\n      {seen}\n")
                if seen != snake[what]:
                    sys.stdout.write(f"      {snake[what]}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
