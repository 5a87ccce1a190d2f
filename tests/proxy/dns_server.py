"""A DNS server on loopback, over UDP and TCP, with a zone that tests change."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer, ThreadingUDPServer

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = dict[tuple[str, str], list[str]]
"""Records by name and type: `{("app.test.", "A"): ["127.0.0.1"]}`."""


@dataclass
class DNSServer:
    """What it knows, and what it was asked."""

    port: int
    zone: Zone = field(default_factory=dict)
    failing: bool = False
    """Whether it answers SERVFAIL to all."""
    moves: Zone = field(default_factory=dict)
    """Records that take the place of others once those have been asked for."""
    asked: Counter[str] = field(default_factory=Counter)
    """How often each type was asked for; over TCP with `tcp ` before it."""

    def answer(self, data: bytes, prefix: str = "") -> bytes:
        """Return the response to a query."""
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked[prefix + kind] += 1
        if self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif records := self.zone.get((name, kind)):
            if moved := self.moves.pop((name, kind), None):
                self.zone[name, kind] = moved
            response.answer.append(dns.rrset.from_text_list(question.name, 0, "IN", kind, records))
        elif not any(known == name for known, _ in self.zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()


class _OverUDP(BaseRequestHandler):
    def handle(self) -> None:
        """Answer one datagram."""
        data, sock = self.request
        sock.sendto(self.server.dns.answer(data), self.client_address)  # type: ignore[attr-defined]


class _OverTCP(BaseRequestHandler):
    def handle(self) -> None:
        """Answer the queries of one connection."""
        stream = self.request.makefile("rb")
        while length := stream.read(2):
            data = stream.read(struct.unpack("!H", length)[0])
            answer = self.server.dns.answer(data, "tcp ")  # type: ignore[attr-defined]
            self.request.sendall(struct.pack("!H", len(answer)) + answer)


class _UDP(ThreadingUDPServer):
    daemon_threads = True
    dns: DNSServer


class _TCP(ThreadingTCPServer):
    daemon_threads = True
    dns: DNSServer
    allow_reuse_address = True


def _servers() -> tuple[_UDP, _TCP]:
    """Listen on a port that is free for both."""
    while True:
        tcp = _TCP(("127.0.0.1", 0), _OverTCP)
        try:
            return _UDP(tcp.server_address, _OverUDP), tcp
        except OSError:
            tcp.server_close()


@contextmanager
def dns_server(zone: Zone) -> Iterator[DNSServer]:
    """Run a server with this zone."""
    udp, tcp = _servers()
    with udp, tcp:
        server = DNSServer(udp.server_address[1], zone)
        threads = []
        servers: tuple[_UDP | _TCP, ...] = (udp, tcp)
        for each in servers:
            each.dns = server
            threads.append(threading.Thread(target=each.serve_forever, args=(0.05,), daemon=True))
            threads[-1].start()
        try:
            yield server
        finally:
            for each in servers:
                each.shutdown()
            for thread in threads:
                thread.join()


def black_hole() -> socket.socket:
    """Return a socket that takes queries and answers none."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock
