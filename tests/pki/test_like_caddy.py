"""Certificates of our own authorities beside those that the real Caddy makes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from snake.pki.authority import Authority
from snake.storage.folder import FileStorage
from tests.pki.requests import certificates, private_key, provisioned, request
from tests.storage.caddys import serving

AUTHORITY = "pki/authorities/local"
HALF_A_DAY = 12 * 3600
ISSUERS = """
    cert_issuer internal
    pki {
        ca local {
            name Compared
        }
    }
"""


def facts(certificate: x509.Certificate) -> dict[str, Any]:
    """Return every field of a certificate but for random values, which are told by their length."""
    span = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return {
        "version": certificate.version,
        "serial": 90 < certificate.serial_number.bit_length() <= 128,
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "lifetime": span.total_seconds(),
        "signature": certificate.signature_algorithm_oid.dotted_string,
        "key": getattr(certificate.public_key(), "key_size", 0),
        "curve": getattr(getattr(certificate.public_key(), "curve", None), "name", ""),
        "extensions": [
            (each.oid.dotted_string, each.critical, value(each.value))
            for each in certificate.extensions
        ],
    }


def value(extension: x509.ExtensionType) -> str:
    """Return what an extension says; of identifiers of keys, their length."""
    if isinstance(extension, x509.SubjectKeyIdentifier):
        return str(len(extension.digest))
    if isinstance(extension, x509.AuthorityKeyIdentifier):
        assert extension.key_identifier is not None
        assert extension.authority_cert_issuer is None
        return str(len(extension.key_identifier))
    return repr(extension)


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which a real Caddy has kept what it made, and runs no more."""
    folder = tmp_path_factory.mktemp("caddy")
    names = ("localhost", "127.0.0.1", "*.site.localhost")
    with serving(folder, *names, options=ISSUERS) as running:
        for name in ("localhost", "a.site.localhost"):
            running.certificate(name)
        while not (folder / "storage/certificates/local/127.0.0.1/127.0.0.1.json").exists():
            time.sleep(0.05)
    return folder / "storage"


def stored(file: Path) -> list[x509.Certificate]:
    """Return the certificates in a file."""
    return certificates(file.read_text())


async def ours(folder: Path) -> Authority:
    """Return an authority with the name of Caddy's."""
    return await (await provisioned(folder, local={"name": "Compared"})).get()


async def test_root_and_intermediate_are_caddys_in_every_field(caddy: Path, tmp_path: Path) -> None:
    """They have the same names, keys, lifetimes, extensions and signatures."""
    authority = await ours(tmp_path)

    root, intermediate = (
        stored(caddy / AUTHORITY / f"{name}.crt")[0] for name in ("root", "intermediate")
    )
    assert facts(authority.root) == facts(root)
    assert facts(authority.intermediate) == facts(intermediate)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("*.site.localhost", "wildcard_.site.localhost"),
    ],
)
async def test_leaf_is_caddys_in_every_field(
    caddy: Path, tmp_path: Path, name: str, folder: str
) -> None:
    """A certificate for a name, a wildcard or an address is Caddy's, and so is its chain."""
    authority = await ours(tmp_path)

    chain = certificates(await authority.issue(request(name), lifetime=HALF_A_DAY))

    theirs = stored(caddy / "certificates/local" / folder / f"{folder}.crt")
    assert [facts(each) for each in chain] == [facts(each) for each in theirs]


async def test_leaf_with_a_key_of_rsa_may_encipher(tmp_path: Path) -> None:
    """The one field that depends on the key is its usage."""
    authority = await ours(tmp_path)

    chain = await authority.issue(request("a.test", key=private_key("rsa")), lifetime=60)

    usage = certificates(chain)[0].extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE).value
    assert isinstance(usage, x509.KeyUsage)
    assert (usage.digital_signature, usage.key_encipherment) == (True, True)


async def test_files_are_caddys_in_form(caddy: Path, tmp_path: Path) -> None:
    """Certificates and keys stand in the same PEM blocks, in lines of the same length."""
    await ours(tmp_path)

    for name in ("root.crt", "root.key", "intermediate.crt", "intermediate.key"):
        our, their = ((place / AUTHORITY / name).read_text() for place in (tmp_path, caddy))
        assert our.splitlines()[0] == their.splitlines()[0]
        assert our.splitlines()[-1] == their.splitlines()[-1]
        assert len(our.splitlines()[1]) == len(their.splitlines()[1])
        assert our.endswith("\n")


async def test_caddys_authority_is_used(caddy: Path) -> None:
    """From a folder that Caddy has left, snake issues with the same root and intermediate."""
    authority = await ours(caddy)

    assert [authority.root] == stored(caddy / AUTHORITY / "root.crt")
    assert [authority.intermediate] == stored(caddy / AUTHORITY / "intermediate.crt")


async def test_caddy_uses_our_authority(tmp_path: Path) -> None:
    """In a folder that snake has left, Caddy issues with the same root and intermediate."""
    authority = await ours(tmp_path / "storage")

    with serving(tmp_path, "localhost", options=ISSUERS) as running:
        leaf = running.certificate("localhost")

    leaf.verify_directly_issued_by(authority.intermediate)
    kept = await FileStorage(tmp_path / "storage").load(f"{AUTHORITY}/root.crt")
    assert kept.decode() == authority.root_pem
