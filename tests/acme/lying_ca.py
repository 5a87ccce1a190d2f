"""A small authority of our own, that can lie at every step.

::

    with lying_ca() as ca:
        ca.lies["order"] = [Reply(429, problem("rateLimited"), {"Retry-After": "60"})]

It believes whatever it is told, and issues for it. The steps are the words in its URLs:
`directory`, `nonce`, `account`, `new-order`, `order`, `authz`, `challenge`, `finalize`, `cert`,
`other-cert`, `ari`. A list of replies is used up; a single one is for ever.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Reply:
    """An answer as it stands."""

    status: int = 200
    """With 0 there is no answer: the connection ends."""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drip: float = 0
    """Seconds between two bytes, of the head too."""


def problem(kind: str, detail: str = "because", **more: Any) -> bytes:
    """Return a problem document."""
    return json.dumps(
        {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail, **more}
    ).encode()


class LyingCA:
    """What the authority has been asked, and what it answers."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.directory = f"{self.url}/directory"
        self.lies: dict[str, Reply | list[Reply]] = {}
        self.seen: list[tuple[str, Any]] = []
        """Steps with what was sent there, in their order."""
        self.meta: dict[str, Any] = {}
        self.offered: tuple[str, ...] = ("http-01",)
        self.lifetime = timedelta(days=90)
        self.age = timedelta(minutes=1)
        """For how long certificates have been valid when they are issued."""
        self.names: tuple[str, ...] = ()
        """What is issued for, if it is not what was asked for."""
        self.key: Any = None
        """What is issued for, likewise."""
        self.window = (-3600, 3600)
        """When ARI says to renew, in seconds from now."""
        self.authz_status = "pending"
        self.fails: dict[str, str] = {}
        """The problem of every challenge, if they fail."""
        self.signer = ec.generate_private_key(ec.SECP256R1())
        self.orders: list[dict[str, Any]] = []
        self.numbers = count()
        self.accounts: dict[str, str] = {}
        """Where the account of each key is."""
        self.held = threading.Event()
        """Set when the test ends, so that nobody drips for ever."""

    def payloads(self, step: str) -> list[Any]:
        """Return what was sent in one step."""
        return [payload for seen, payload in self.seen if seen == step]

    def issue(self, csr: x509.CertificateSigningRequest) -> str:
        """Return a chain for a request: the certificate, and who signed it."""
        now = datetime.now(UTC)
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lying CA")])
        names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if self.names:
            names = x509.SubjectAlternativeName([x509.DNSName(name) for name in self.names])
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.signer.public_key())
        leaf = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(issuer)
            .public_key(self.key or csr.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - self.age)
            .not_valid_after(now + self.lifetime)
            .add_extension(names, critical=True)
            .add_extension(identifier, critical=False)
            .sign(self.signer, hashes.SHA256())
        )
        return leaf.public_bytes(serialization.Encoding.PEM).decode()


@contextmanager
def lying_ca() -> Iterator[LyingCA]:
    """Run the authority, by plain HTTP on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    ca = server.ca = LyingCA(server.server_port)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield ca
    finally:
        ca.held.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""

    def do_HEAD(self) -> None:
        self._answer(None)

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"] != "application/jose+json":
            self._answer(text.decode())
            return
        if not text:  # who asked has gone meanwhile
            self.close_connection = True
            return
        body = json.loads(text)
        self.protected = json.loads(_decoded(body["protected"]))
        payload = _decoded(body["payload"])
        self._answer(json.loads(payload) if payload else None)

    def _answer(self, payload: Any) -> None:
        ca: LyingCA = self.server.ca  # type: ignore[attr-defined]
        step, _, rest = self.path[1:].partition("/")
        ca.seen.append((step, payload))
        lie = ca.lies.get(step)
        if isinstance(lie, list):
            lie = lie.pop(0) if lie else None
        if lie is not None:
            self._send(lie)
            return
        truth = getattr(self, "_" + step.replace("-", "_"))
        status, content, headers = truth(ca, rest, payload)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self._send(Reply(status, body, headers))

    def _send(self, reply: Reply) -> None:
        if not reply.status:
            self.close_connection = True
            return
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(reply.body)),
            "Replay-Nonce": base64.urlsafe_b64encode(str(time.monotonic_ns()).encode())
            .decode()
            .rstrip("="),
            **reply.headers,
        }
        head = f"HTTP/1.1 {reply.status} Said\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in headers.items()
        )
        whole = head.encode() + b"\r\n" + (b"" if self.command == "HEAD" else reply.body)
        try:
            if not reply.drip:
                self.wfile.write(whole)
                return
            held: threading.Event = self.server.ca.held  # type: ignore[attr-defined]
            for byte in whole:
                self.wfile.write(bytes([byte]))
                if held.wait(reply.drip):
                    return
        except OSError:
            self.close_connection = True

    def _directory(self, ca: LyingCA, rest: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        del rest, payload
        places = {"newNonce": "nonce", "newAccount": "account", "newOrder": "new-order"}
        urls = {name: f"{ca.url}/{step}" for name, step in places.items()}
        return 200, {**urls, "renewalInfo": f"{ca.url}/ari", "meta": ca.meta}, {}

    def _nonce(self, ca: LyingCA, rest: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        del ca, rest, payload
        return 200, b"", {}

    def _account(self, ca: LyingCA, rest: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        if rest:
            return 200, {"status": "valid", **(payload or {})}, {}
        key = json.dumps(self.protected["jwk"], sort_keys=True)
        if payload.get("onlyReturnExisting"):
            if key not in ca.accounts:
                return 400, problem("accountDoesNotExist"), {}
            return 200, {"status": "valid"}, {"Location": ca.accounts[key]}
        status = 200 if key in ca.accounts else 201
        location = ca.accounts.setdefault(key, f"{ca.url}/account/{next(ca.numbers)}")
        contact = payload.get("contact", [])
        return status, {"status": "valid", "contact": contact}, {"Location": location}

    def _new_order(self, ca: LyingCA, rest: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        del rest
        number = len(ca.orders)
        order = {
            "status": "pending",
            "identifiers": payload["identifiers"],
            "authorizations": [
                f"{ca.url}/authz/{number}/{index}" for index in range(len(payload["identifiers"]))
            ],
            "finalize": f"{ca.url}/finalize/{number}",
            "authz": {},
        }
        ca.orders.append(order)
        return 201, order, {"Location": f"{ca.url}/order/{number}"}

    def _order(self, ca: LyingCA, rest: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        del payload
        order = ca.orders[int(rest)]
        names = range(len(order["identifiers"]))
        proved = all(order["authz"].get(name, ca.authz_status) == "valid" for name in names)
        if order["status"] == "pending" and proved:
            order["status"] = "ready"
        shown = {key: value for key, value in order.items() if key not in ("csr", "authz")}
        return 200, shown, {}

    def _authz(self, ca: LyingCA, rest: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        order, index = map(int, rest.split("/"))
        found = ca.orders[order]
        if payload:
            found["authz"][index] = payload["status"]
        status = found["authz"].get(index, ca.authz_status)
        challenges = [
            {
                "type": type,
                "url": f"{ca.url}/challenge/{order}/{index}",
                "status": status,
                "token": "token-token-token-token",
                **({"error": ca.fails} if status == "invalid" else {}),
            }
            for type in ca.offered
        ]
        identifier = found["identifiers"][index]
        return 200, {"status": status, "identifier": identifier, "challenges": challenges}, {}

    def _challenge(self, ca: LyingCA, rest: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        del payload
        order, index = map(int, rest.split("/"))
        ca.orders[order]["authz"][index] = "invalid" if ca.fails else "valid"
        return 200, {"type": "http-01", "url": self.path, "status": "valid"}, {}

    def _finalize(self, ca: LyingCA, rest: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        order = ca.orders[int(rest)]
        order["csr"] = payload["csr"]
        order["status"] = "valid"
        order["certificate"] = f"{ca.url}/cert/{rest}"
        return self._order(ca, rest, None)

    def _cert(self, ca: LyingCA, rest: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        del payload
        csr = x509.load_der_x509_csr(_decoded(ca.orders[int(rest)]["csr"]))
        headers = {
            "Content-Type": "application/pem-certificate-chain",
            "Link": f'<{ca.url}/other-cert/{rest}>; rel="alternate"',
        }
        return 200, ca.issue(csr).encode(), headers

    _other_cert = _cert

    def _ari(self, ca: LyingCA, rest: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        del rest, payload
        start, end = (
            datetime.fromtimestamp(int(time.time() + offset), UTC).isoformat()
            for offset in ca.window
        )
        window = {"start": start, "end": end}
        headers = {"Retry-After": "21600"}
        return 200, {"suggestedWindow": window, "explanationURL": "https://x.example/"}, headers


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
