"""Real DNS servers with a dynamic zone: BIND and Knot, as Debian has them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.query
import pytest

from snake.core.record import Record
from tests.server import free_port

SECRET = "cWnu6Ju9zOki4f7Q+da2KKGo0KOXbCf6Pej6hW3geC4="
KEY = "acme"
_ZONE = """\
$TTL 60
@ IN SOA ns.{zone} admin.{zone} 1 60 60 600 60
@ IN NS ns.{zone}
ns IN A 127.0.0.1
{more}
"""
_BIND = """\
options {{
    directory "{folder}";
    pid-file "{folder}/named.pid";
    session-keyfile "{folder}/session.key";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    dnssec-validation no;
    minimal-responses yes;
    notify no;
}};
controls {{ }};
key "{key}" {{ algorithm hmac-sha256; secret "{secret}"; }};
{zones}
"""
_BIND_ZONE = """\
zone "{zone}" {{
    type primary;
    file "{folder}/{zone}zone";
    update-policy {{ grant {key} zonesub TXT CNAME; }};
}};
"""
_KNOT = """\
server:
    rundir: {folder}
    listen: 127.0.0.1@{port}
database:
    storage: {folder}/db
key:
  - id: {key}
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: update
    key: {key}
    action: update
zone:
{zones}
"""
_KNOT_ZONE = """\
  - domain: {zone}
    file: {folder}/{zone}zone
    acl: update
    zonefile-load: difference-no-serial
    journal-content: all
"""


class Nameserver(Record):
    """A DNS server that runs on 127.0.0.1."""

    port: int
    pid: int

    @property
    def place(self) -> str:
        """Its address, as settings have it."""
        return f"127.0.0.1:{self.port}"

    def texts(self, name: str) -> set[str]:
        """Return the texts of a name."""
        query = dns.message.make_query(name, "TXT")
        answer, _ = dns.query.udp_with_fallback(query, "127.0.0.1", timeout=5, port=self.port)
        return {
            b"".join(record.strings).decode()
            for rrset in answer.answer
            if rrset.rdtype.name == "TXT"
            for record in rrset
        }


@contextmanager
def nameserver(
    kind: str, folder: Path, zones: Mapping[str, str], port: int = 0
) -> Iterator[Nameserver]:
    """Run `bind` or `knot` with zones, which have these records beside SOA and NS."""
    program = shutil.which({"bind": "named", "knot": "knotd"}[kind], path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip(f"needs the Debian package {'bind9' if kind == 'bind' else kind}")
    port = port or free_port()
    for zone, more in zones.items():
        (folder / f"{zone}zone").write_text(_ZONE.format(zone=zone, more=more))
    settings = {"folder": folder, "port": port, "key": KEY, "secret": SECRET}
    whole, part = (_BIND, _BIND_ZONE) if kind == "bind" else (_KNOT, _KNOT_ZONE)
    parts = "".join(part.format(zone=zone, **settings) for zone in zones)
    (folder / "db").mkdir()
    config = folder / f"{kind}.conf"
    config.write_text(whole.format(zones=parts, **settings))
    arguments = ["-g", "-n", "1", "-c"] if kind == "bind" else ["-c"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, *arguments, config], stdout=log, stderr=log)
        try:
            _wait(port, next(iter(zones)), process, folder / "log")
            yield Nameserver(port, process.pid)
        finally:
            process.terminate()
            process.wait(20)


def _wait(port: int, zone: str, process: subprocess.Popen[bytes], log: Path) -> None:
    query = dns.message.make_query(zone, "SOA")
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                if dns.query.udp(query, "127.0.0.1", timeout=1, port=port).answer:
                    return
        except (OSError, dns.exception.Timeout):
            pass
        time.sleep(0.05)
    pytest.fail(f"the DNS server did not start:\n{log.read_text()}")
