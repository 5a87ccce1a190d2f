"""Caddy and snake come to the same with a client: certificate, protocols, or the alert it gets."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme

from tests.differential.pair import pair

CA = trustme.CA(key_type=trustme.KeyType.ECDSA)
CLIENTS = trustme.CA(key_type=trustme.KeyType.ECDSA)
KNOWN = CLIENTS.issue_cert("ann", key_type=trustme.KeyType.ECDSA)
STRANGER = CA.issue_cert("eve", key_type=trustme.KeyType.ECDSA)
CERTIFICATES: dict[str, tuple[tuple[str, ...], trustme.KeyType]] = {
    "exact": (("a.example.com",), trustme.KeyType.ECDSA),
    "exact-rsa": (("a.example.com",), trustme.KeyType.RSA),
    "wildcard": (("*.example.com",), trustme.KeyType.ECDSA),
    "address": (("127.0.0.1",), trustme.KeyType.ECDSA),
    "default": (("default.example.org",), trustme.KeyType.ECDSA),
    "fallback": (("fallback.example.org",), trustme.KeyType.ECDSA),
}


class Hello(NamedTuple):
    """What a client offers."""

    name: str | None = "a.example.com"
    alpn: tuple[str, ...] = ()
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    ciphers: str = ""
    curve: str = ""
    certificate: trustme.LeafCert | None = None


TLS12 = ssl.TLSVersion.TLSv1_2
HELLOS = {
    "exact": Hello(),
    "upper case": Hello("A.Example.COM"),
    "wildcard": Hello("b.example.com"),
    "two labels": Hello("a.b.example.com"),
    "nobody": Hello("nobody.example"),
    "no name": Hello(None),
    "address": Hello("127.0.0.1"),
    "h2": Hello(alpn=("h2",)),
    "http/1.1": Hello(alpn=("http/1.1", "h2")),
    "spdy": Hello(alpn=("spdy/3",)),
    "acme": Hello(alpn=("acme-tls/1",)),
    "acme and more": Hello(alpn=("acme-tls/1", "h2")),
    "http/1.0": Hello(alpn=("http/1.0",)),
    "tls 1.2": Hello(newest=TLS12),
    "tls 1.2, rsa": Hello(newest=TLS12, ciphers="ECDHE-RSA-AES128-GCM-SHA256"),
    "tls 1.2, ecdsa": Hello(newest=TLS12, ciphers="ECDHE-ECDSA-AES256-GCM-SHA384"),
    "tls 1.2, cbc": Hello(newest=TLS12, ciphers="ECDHE-ECDSA-AES128-SHA"),
    "tls 1.2, no pfs": Hello(newest=TLS12, ciphers="AES128-GCM-SHA256"),
    "p384": Hello(curve="secp384r1"),
    "p256": Hello(curve="prime256v1"),
    "known": Hello("m.example.com", certificate=KNOWN),
    "stranger": Hello("m.example.com", certificate=STRANGER),
    "nobody's": Hello("m.example.com"),
    "known, tls 1.2": Hello("m.example.com", certificate=KNOWN, newest=TLS12),
    "stranger, tls 1.2": Hello("m.example.com", certificate=STRANGER, newest=TLS12),
    "nobody's, tls 1.2": Hello("m.example.com", newest=TLS12),
    "dropped": Hello("drop.example.com"),
    "tls 1.3 only": Hello("new.example.com", newest=TLS12),
    "one curve": Hello("curve.example.com"),
    "another curve": Hello("curve.example.com", curve="prime256v1"),
}


DIFFERS = {
    "p384": "OpenSSL has more curves than Go by default, and takes a client that has no other",
    "regexp: upper case": "a pattern for a name sees it in lower case, as all else does",
    "matched: acme and more": "acme-tls/1 is for authorities alone, which offer nothing else",
}
"""What is not the same on purpose, by the hello or by policies and hello."""


def mutual(folder: Path, mode: str) -> dict[str, Any]:
    """Return a policy that asks clients for certificates."""
    pool = {"provider": "file", "pem_files": [str(folder / "clients.pem")]}
    trust = {} if mode in {"request", "require"} else {"ca": pool}
    return {"match": {"sni": ["m.example.com"]}, "client_authentication": {"mode": mode, **trust}}


def policies(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return sets of policies, by name."""
    special: list[dict[str, Any]] = [
        {"match": {"sni": ["drop.example.com"]}, "drop": True},
        {"match": {"sni": ["new.example.com"]}, "protocol_min": "tls1.3"},
        {"match": {"sni": ["curve.example.com"]}, "curves": ["x25519"]},
    ]
    modes = ("request", "require", "verify_if_given", "require_and_verify")
    return {
        "default": [*special, {}],
        "names": [
            {"default_sni": "default.example.org", "fallback_sni": "fallback.example.org"},
        ],
        "alpn": [{"alpn": ["h2"]}],
        "matched": [{"match": {"sni": ["*.example.com"]}, "alpn": ["http/1.1"]}],
        "regexp": [{"match": {"sni_regexp": {"pattern": "^[ab][.]"}}}, {"drop": True}],
        "addresses": [{"match": {"remote_ip": {"ranges": ["127.0.0.0/8"]}}, "alpn": ["h2"]}],
        "not here": [{"match": {"local_ip": {"ranges": ["10.0.0.0/8"]}}}],
        "tag": [{"certificate_selection": {"any_tag": ["exact-rsa"]}}],
        "algorithm": [{"certificate_selection": {"public_key_algorithm": "rsa"}}],
        "suites": [{"cipher_suites": ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"]}],
        **{mode: [mutual(folder, mode), {}] for mode in modes},
    }


NAMES = [name for name in policies(Path()) if name]


def document(folder: Path, name: str) -> dict[str, Any]:
    """Return the config with a set of policies."""
    files = [
        {
            "certificate": str(folder / f"{each}.crt"),
            "key": str(folder / f"{each}.key"),
            "tags": [each],
        }
        for each in CERTIFICATES
    ]
    server = {
        "listen": ["127.0.0.1:PORT"],
        "automatic_https": {"disable": True},
        "protocols": ["h1", "h2"],
        "tls_connection_policies": policies(folder)[name],
        "routes": [{"handle": [{"handler": "static_response", "body": "hello"}]}],
    }
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "apps": {
            "http": {"servers": {"srv0": server}},
            "tls": {"certificates": {"load_files": files}},
        },
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write all certificates."""
    folder = tmp_path_factory.mktemp("handshakes")
    for name, (names, kind) in CERTIFICATES.items():
        leaf = CA.issue_cert(*names, key_type=kind)
        leaf.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        leaf.cert_chain_pems[0].write_to_path(str(folder / f"{name}.crt"))
    CLIENTS.cert_pem.write_to_path(str(folder / "clients.pem"))
    return folder


def outcome(port: int, hello: Hello, folder: Path) -> str:
    """Return what a client comes to: whose certificate it is, what is spoken, and the answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version, context.maximum_version = hello.oldest, hello.newest
    if hello.alpn:
        context.set_alpn_protocols(hello.alpn)
    if hello.ciphers:
        context.set_ciphers(hello.ciphers)
    if hello.curve:
        context.set_ecdh_curve(hello.curve)
    if hello.certificate is not None:
        hello.certificate.configure_cert(context)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), 10) as sock,
            context.wrap_socket(sock, server_hostname=hello.name) as tls,
        ):
            found = [tls.version(), tls.selected_alpn_protocol(), _name(tls, folder)]
            if found[0] == "TLSv1.2":
                found.append((tls.cipher() or ("",))[0])
            if hello.alpn[:1] != ("h2",):
                tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            else:
                tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
            found.append("answered" if tls.recv(100) else "closed")
            return " ".join(map(str, found))
    except ssl.SSLError as error:
        return error.reason or "?"
    except OSError as error:
        return type(error).__name__


def _name(tls: ssl.SSLSocket, folder: Path) -> str:
    seen = tls.getpeercert(binary_form=True) or b""
    for name in CERTIFICATES:
        pem = (folder / f"{name}.crt").read_text()
        if ssl.PEM_cert_to_DER_cert(pem) == seen:
            return name
    return hashlib.sha256(seen).hexdigest()[:8]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_both_come_to_the_same(name: str, folder: Path, tmp_path: Path) -> None:
    """Every hello comes to the same with both, for each set of policies."""
    config = json.dumps(document(folder, name))
    with pair(config, tmp_path, name="caddy.json") as both:
        found = {
            each: (outcome(both.caddy, hello, folder), outcome(both.snake, hello, folder))
            for each, hello in HELLOS.items()
        }
    wrong = [
        f"{each}: caddy {caddys}, snake {snakes}"
        for each, (caddys, snakes) in found.items()
        if caddys != snakes and not {each, f"{name}: {each}"} & DIFFERS.keys()
    ]
    assert not wrong, "\n".join(wrong)
