"""Cleaning a storage."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from snake.storage import keys
from snake.storage.folder import FileStorage
from snake.tls.cleaning import DAY, clean
from tests.storage.caddys import serving

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    """A folder with nothing in it."""
    return FileStorage(tmp_path / "storage")


def certificate(end: datetime) -> x509.Certificate:
    """Return a certificate that ends then."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.com")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=90))
        .not_valid_after(end)
        .sign(KEY, hashes.SHA256())
    )


def staple(end: datetime) -> bytes:
    """Return an OCSP response that is good until then."""
    own = certificate(end)
    return (
        ocsp.OCSPResponseBuilder()
        .add_response(
            own,
            own,
            hashes.SHA256(),
            ocsp.OCSPCertStatus.GOOD,
            end - timedelta(days=7),
            end,
            None,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, own)
        .sign(KEY, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


async def kept(storage: FileStorage, now: datetime = NOW, **options: str) -> list[str]:
    """Clean, and return what is there then."""
    assert await clean(storage, now=now.timestamp, **options)  # type: ignore[arg-type]
    found = await storage.list("", recursive=True)
    return [key for key in found if key != keys.LAST_CLEAN]


@pytest.mark.parametrize(("days", "stays"), [(13.9, True), (14.1, False), (-30.0, True)])
async def test_expired_certificate(storage: FileStorage, days: float, stays: bool) -> None:  # noqa: FBT001
    """A certificate goes with its key when it has been of no use for two weeks."""
    end = NOW - timedelta(days=days)
    pem = certificate(end).public_bytes(serialization.Encoding.PEM)
    for ending in ("crt", "key", "json"):
        await storage.store(keys.certificate("local", "a.com", ending), pem)

    assert (len(await kept(storage)) == 3) is stays
    assert await storage.exists(keys.site("local", "a.com")) is stays


async def test_folder_with_something_else(storage: FileStorage) -> None:
    """What else stands beside an expired certificate stays."""
    pem = certificate(NOW - timedelta(days=100)).public_bytes(serialization.Encoding.PEM)
    await storage.store(keys.certificate("local", "a.com", "crt"), pem)
    note = f"{keys.site('local', 'a.com')}/note.txt"
    await storage.store(note, b"mine")

    assert await kept(storage) == [note]


@pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
async def test_certificate_that_is_none(storage: FileStorage, content: bytes) -> None:
    """What cannot be read stays, and hinders nothing else."""
    broken = keys.certificate("local", "a.com", "crt")
    await storage.store(broken, content)
    pem = certificate(NOW - timedelta(days=100)).public_bytes(serialization.Encoding.PEM)
    await storage.store(keys.certificate("local", "b.com", "crt"), pem)

    assert await kept(storage) == [broken]


async def test_staples(storage: FileStorage) -> None:
    """An OCSP response goes when it is out of date, or no response."""
    await storage.store("ocsp/good", staple(NOW + timedelta(hours=1)))
    await storage.store("ocsp/old", staple(NOW - timedelta(hours=1)))
    await storage.store("ocsp/broken", b"garbage")

    assert await kept(storage) == ["ocsp/good"]


async def test_what_the_dead_left_behind(storage: FileStorage) -> None:
    """Locks and challenges of who died yesterday go; accounts and young ones stay."""
    old, young = "2027-01-13T08:00:00Z", "2027-01-15T07:59:00Z"
    await storage.store("locks/old.lock", json.dumps({"updated": old}).encode())
    await storage.store("locks/young.lock", json.dumps({"updated": young}).encode())
    for key, age in {
        "acme/ca/challenge_tokens/old.json": 2 * DAY,
        "acme/ca/challenge_tokens/young.json": 60.0,
        "acme/ca/users/default/default.json": 900 * DAY,
    }.items():
        await storage.store(key, b"{}")
        os.utime(storage.root / key, (NOW.timestamp() - age, NOW.timestamp() - age))

    assert await kept(storage) == [
        "acme/ca/challenge_tokens/young.json",
        "acme/ca/users/default/default.json",
        "locks/young.lock",
    ]


async def test_once_a_day(storage: FileStorage) -> None:
    """It is done once in its time, whoever of those that share the storage does it."""
    assert await clean(storage, now=NOW.timestamp, instance="one")
    text = await storage.load(keys.LAST_CLEAN)
    assert text == b'{"tls":{"timestamp":"2027-01-15T08:00:00.000000000Z","instance_id":"one"}}'
    later = NOW + timedelta(hours=23)

    assert not await clean(storage, now=later.timestamp)
    assert await clean(storage, now=later.timestamp, interval=DAY / 2)
    assert await clean(storage, now=(later + timedelta(days=2)).timestamp)
    assert await clean(storage, now=NOW.timestamp), "a clock that was set back"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"tls":{"timestamp":"soon"}}', b"{}"])
async def test_note_that_says_nothing(storage: FileStorage, content: bytes) -> None:
    """If it is not known when it was done, it is done."""
    await storage.store(keys.LAST_CLEAN, content)

    assert await clean(storage, now=NOW.timestamp)


@pytest.mark.slow
async def test_with_caddy(storage: FileStorage, tmp_path: Path) -> None:
    """Caddy and snake know of each other's cleaning."""
    with serving(tmp_path, "localhost") as caddy:
        caddy.says("cleaning storage unit")
        caddy.certificate("localhost")
    assert not await clean(storage)
    await storage.delete(keys.LAST_CLEAN)
    assert await clean(storage)
    with serving(tmp_path, "localhost") as caddy:
        caddy.says("storage cleaning happened too recently")
