"""What the handshake of a connection came to."""

from __future__ import annotations

import datetime as dt
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from snake.tls.peer_certificate import PeerCertificate
from snake.tls.secured import (
    Secured,
    asgi_extension,
    suite_name,
    suite_of,
    version_name,
    version_of,
)


def make_client() -> x509.Certificate:
    """Return a certificate such as a client has."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CH"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Ann, of accounts"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "#1 shop"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "ann@a.com"),
        ]
    )
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")]))
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("ann.a.com"),
                    x509.RFC822Name("ann@a.com"),
                    x509.IPAddress(ipaddress.ip_address("::1")),
                    x509.UniformResourceIdentifier("spiffe://a.com/ann"),
                ]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )


def test_a_name_is_written_as_go_does() -> None:
    """The parts of a subject stand in Go's order, escaped; unnamed ones last, as bytes."""
    found = PeerCertificate.of(make_client().public_bytes(Encoding.DER))

    assert found is not None
    assert found.subject == (
        r"CN=Ann\, of accounts,O=\#1 shop,C=CH,1.2.840.113549.1.9.1=#0c09616e6e40612e636f6d"
    )
    assert found.issuer == "CN=CA"


def test_the_facts_of_a_client() -> None:
    """Serial number, names and key of a client's certificate are those in it."""
    certificate = make_client()
    found = PeerCertificate.of(certificate.public_bytes(Encoding.DER))

    assert found is not None
    assert found.serial == "4711"
    assert found.fingerprint == certificate.fingerprint(hashes.SHA256()).hex()
    assert found.dns_names == ("ann.a.com",)
    assert found.emails == ("ann@a.com",)
    assert found.ips == ("::1",)
    assert found.uris == ("spiffe://a.com/ann",)
    assert found.public_key.startswith("04")
    assert found.common_name == "Ann, of accounts"
    assert found.certificate_pem == certificate.public_bytes(Encoding.PEM).decode()


def test_what_is_no_certificate_is_none() -> None:
    """Bytes that are no certificate have no facts, and raise nothing."""
    assert PeerCertificate.of(b"\x30\x03\x02\x01\x00") is None


def test_apps_are_told_of_a_connection() -> None:
    """ASGI's extension has the leaf of each side, the version and the suite as numbers."""
    client = make_client()
    pem = client.public_bytes(Encoding.PEM).decode()
    secured = Secured(
        version=version_of("TLSv1.3"),
        cipher_suite=suite_of("TLS_AES_128_GCM_SHA256"),
        peers=(client.public_bytes(Encoding.DER),),
        chain=pem + make_client().public_bytes(Encoding.PEM).decode(),
    )
    found = PeerCertificate.of(secured.peers[0])
    assert found is not None

    assert asgi_extension(secured) == {
        "server_cert": pem,
        "client_cert_chain": [pem],
        "client_cert_name": found.subject,
        "client_cert_error": None,
        "tls_version": 0x0304,
        "cipher_suite": 0x1301,
    }


def test_apps_are_told_of_no_client() -> None:
    """A connection of which nothing is known has each field, with nothing in it."""
    assert asgi_extension(Secured()) == {
        "server_cert": None,
        "client_cert_chain": [],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": None,
        "cipher_suite": None,
    }


def test_names_of_versions_and_suites() -> None:
    """Versions have Caddy's names and suites IANA's; what is unknown is a number."""
    assert [version_name(number) for number in (0x0301, 0x0303, 0x0304, 0x0305)] == [
        *("tls1.0", "tls1.2", "tls1.3", "0x0305"),
    ]
    assert suite_name(suite_of("ECDHE-RSA-AES128-GCM-SHA256")) == (
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    )
    assert suite_name(0x1399) == "0x1399"
