"""The admin API for other machines: certificates of both sides, and what each client may do."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from snake.admin.remote_access import is_below
from tests.server import Server, free_ports, running, start

pytestmark = pytest.mark.slow


def public(pem: bytes) -> str:
    """Return a certificate as the configuration has it."""
    der = load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    return base64.b64encode(der).decode()


class Client:
    """Somebody with a certificate."""

    def __init__(self, folder: Path, ca: trustme.CA, name: str) -> None:
        self.leaf = ca.issue_cert(name)
        self.public = public(self.leaf.cert_chain_pems[0].bytes())
        self._files = [folder / f"{name}.{kind}" for kind in ("pem", "key")]
        self._files[0].write_bytes(b"".join(each.bytes() for each in self.leaf.cert_chain_pems))
        self._files[1].write_bytes(self.leaf.private_key_pem.bytes())

    def context(self, *more: bytes) -> ssl.SSLContext:
        """Return what shows the certificate, and more of them; the server's is not looked at."""
        made = ssl.create_default_context()
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
        shown = self._files[0].with_suffix(".more")
        shown.write_bytes(self._files[0].read_bytes() + b"".join(more))
        made.load_cert_chain(shown, self._files[1])
        return made


class Administered:
    """A server that other machines may change."""

    def __init__(self, server: Server, remote: int, clients: dict[str, Client]) -> None:
        self.server = server
        self.url = f"https://127.0.0.1:{remote}"
        self.clients = clients

    def ask(
        self, name: str, path: str, *more: bytes, method: str = "GET", **options: Any
    ) -> tuple[int, str]:
        """Ask as somebody; return status and body."""
        with httpx.Client(verify=self.clients[name].context(*more)) as client:
            answer = client.request(method, self.url + path, **options)
        return answer.status_code, answer.text


def document(site: int, remote: int, access: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a configuration; its identity is the internal authority's."""
    handler = {"handler": "static_response", "body": "hi"}
    server = {"listen": [f"127.0.0.1:{site}"], "routes": [{"handle": [handler]}]}
    identity = {"identifiers": ["web1.test"], "issuers": [{"module": "internal"}]}
    return {
        "admin": {
            "disabled": True,
            "identity": identity,
            "remote": {"listen": f"127.0.0.1:{remote}", "access_control": access},
        },
        "apps": {
            "http": {"servers": {"s": server}},
            "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
        },
    }


@pytest.fixture(scope="module")
def administered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Administered]:
    """Return a server with three kinds of clients, and one that nobody knows."""
    folder = tmp_path_factory.mktemp("remote")
    site, remote = free_ports(2)
    ca, others = trustme.CA(), trustme.CA()
    clients = {
        "root": Client(folder, others, "root"),
        "reader": Client(folder, others, "reader"),
        "issued": Client(folder, ca, "issued"),
        "stranger": Client(folder, others, "stranger"),
    }
    reading = {"methods": ["GET"], "paths": ["/config/apps/http", "/id/"]}
    access: list[dict[str, Any]] = [
        {"public_keys": [clients["root"].public]},
        {"public_keys": [clients["reader"].public], "permissions": [reading]},
        {"public_keys": [public(ca.cert_pem.bytes())], "permissions": [{"methods": []}]},
    ]
    config = json.dumps(document(site, remote, access))
    with running(config, folder, name="a.json") as server:
        made = Administered(server, remote, clients)
        end = time.monotonic() + 20
        while True:  # its certificate comes after the start
            try:
                made.ask("root", "/config/")
                break
            except httpx.TransportError:
                assert time.monotonic() < end, server.log
                time.sleep(0.1)
        yield made


def test_who_may_do_what(administered: Administered) -> None:
    """Keys decide: everything, some methods and paths, or nothing."""
    ask = administered.ask
    assert json.loads(ask("root", "/config/apps/http/servers/s/routes/0/handle/0/body")[1]) == "hi"
    assert ask("reader", "/config/apps/http/servers")[0] == 200
    refused = (403, '{"error":"not authorized to use this method"}\n')
    assert ask("reader", "/config/apps/http", method="DELETE") == refused
    assert ask("issued", "/config/") == refused
    refused = (403, '{"error":"not authorized to access this path"}\n')
    assert ask("reader", "/config/") == refused
    assert ask("reader", "/config/apps/http", headers={"Origin": "https://a"})[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/config/apps/http_more",
        "/config/apps/httpx/servers",
        "/config/apps/pki",
        "/config/apps/http/../pki",
        "/config/apps/http/%2e%2e/pki",
        "/config/apps/http%2f..%2fpki",
        "//config/apps/pki",
        "/config//apps/pki",
        "/stop",
        "/load",
        "/id",
        "/config/apps/httpp/../http",
    ],
)
def test_a_path_is_not_that_of_its_neighbour(administered: Administered, path: str) -> None:
    """What only begins like an allowed path, or leads out of it, tells nothing."""
    reader = administered.clients["reader"].context()
    status, body = raw(administered.url, reader, path)
    assert status != 200 or body == "null\n"
    assert "certificate_authorities" not in body


@contextmanager
def connected(url: str, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """Connect, and shake hands."""
    with (
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 10) as plain,
        context.wrap_socket(plain) as secured,
    ):
        yield secured


def raw(url: str, context: ssl.SSLContext, path: str) -> tuple[int, str]:
    """Ask for a path as it is written: httpx would tidy it up."""
    with connected(url, context) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize(
    ("path", "allowed", "is_so"),
    [
        ("/config/a", "/config/a", True),
        ("/config/a/b", "/config/a", True),
        ("/config/a/b", "/config/a/", True),
        ("/config/ab", "/config/a", False),
        ("/config/a", "/config/a/", False),
        ("/anything", "/", True),
        ("/anything", "", True),
    ],
)
def test_below(path: str, allowed: str, *, is_so: bool) -> None:
    """A path is allowed as a whole, or up to a slash (GHSA-gx7w-56w6-g48x)."""
    assert is_below(path, allowed) is is_so


def test_strangers(administered: Administered) -> None:
    """Who has no certificate of the list does not get through the handshake.

    A certificate that is only shown beside one's own gives nothing.
    """
    with pytest.raises(httpx.TransportError):
        administered.ask("stranger", "/config/")
    with pytest.raises(httpx.TransportError), httpx.Client(verify=False) as client:
        client.get(f"{administered.url}/config/")
    root = administered.clients["root"].leaf.cert_chain_pems[0].bytes()
    assert administered.ask("reader", "/config/", root)[0] == 403


def test_the_identity(administered: Administered) -> None:
    """The certificate is for the identifier, whatever name a client asks for."""
    context = administered.clients["root"].context()
    with connected(administered.url, context) as sock:
        assert b"web1.test" in (sock.getpeercert(binary_form=True) or b"")


def test_it_changes_with_the_document(administered: Administered) -> None:
    """Who is allowed in, and where, is part of a load; one that fails changes nothing."""
    config = json.loads(administered.ask("root", "/config/")[1])
    remote = config["admin"]["remote"]
    remote["access_control"][1]["permissions"] = [{"paths": ["/config/"]}]
    (new,) = free_ports(1)
    remote["listen"] = f"127.0.0.1:{new}"
    old = administered.url
    broken = config | {"apps": config["apps"] | {"nope": {}}}
    assert administered.ask("root", "/load", method="POST", json=broken)[0] == 400
    assert administered.ask("reader", "/config/")[0] == 403
    assert administered.ask("root", "/load", method="POST", json=config)[0] == 200
    administered.url = f"https://127.0.0.1:{new}"
    assert administered.ask("reader", "/config/")[0] == 200
    administered.url, moved = old, administered.url
    with pytest.raises(httpx.TransportError):
        administered.ask("root", "/config/")
    administered.url = moved


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"identity": None}, "admin/remote: remote administration needs an identity"),
        (
            {"remote": {"access_control": [{"public_keys": ["x"]}]}},
            "admin/remote/access_control/0/public_keys/0: expected a certificate as DER in base64",
        ),
        ({"remote": {}}, "admin/remote: nobody is allowed in"),
        (
            {"identity": {"identifiers": ["a.test"], "issuers": [{"module": "internl"}]}},
            'admin/identity/issuers/0: unknown module: tls.issuance.internl; did you mean "intern',
        ),
    ],
    ids=["identity", "key", "nobody", "issuer"],
)
def test_what_is_wrong_has_its_place(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    """A wrong identity or key is told where it stands."""
    made = document(1, 1, [])
    made["admin"] |= change
    server = start(json.dumps(made), tmp_path, name="a.json")
    assert server.wait() == 1
    assert told in server.log
