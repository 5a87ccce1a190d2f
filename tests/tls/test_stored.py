"""Certificates in a storage, and the real Caddy at the same folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from snake.storage import keys
from snake.storage.folder import FileStorage
from snake.storage.storage import StorageError
from snake.tls import stored
from snake.tls.certificate import Certificate
from tests.storage.caddys import serving


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    """A folder with nothing in it."""
    return FileStorage(tmp_path / "storage")


def made(*names: str, issuer_key: str = "local") -> Certificate:
    """Return a certificate that is valid for a month."""
    leaf = trustme.CA(key_type=trustme.KeyType.ECDSA).issue_cert(
        *names,
        not_before=datetime.now(UTC) - timedelta(hours=1),
        not_after=datetime.now(UTC) + timedelta(days=30),
        key_type=trustme.KeyType.ECDSA,
    )
    chain = b"".join(each.bytes() for each in leaf.cert_chain_pems)
    return Certificate.read(
        chain.decode(), leaf.private_key_pem.bytes().decode(), issuer_key=issuer_key
    )


async def test_certificate_is_loaded_as_it_was_saved(storage: FileStorage) -> None:
    """A certificate is stored under its name and issuer, with what the issuer said of it."""
    certificate = made("a.com", issuer_key="ca.example-dir")
    await stored.save(storage, certificate, {"url": "https://ca/cert/1?a=b&c"})

    assert await stored.load(storage, "ca.example-dir", "a.com") == certificate
    assert await stored.load(storage, "other", "a.com") is None
    said = await stored.metadata(storage, "ca.example-dir", "a.com")
    assert said == {"url": "https://ca/cert/1?a=b&c"}
    assert await stored.metadata(storage, "other", "a.com") == {}


async def test_metadata_is_replaced_alone(storage: FileStorage) -> None:
    """What the issuer says later, such as when to renew, changes nothing of the certificate."""
    certificate = made("a.com")
    await stored.save(storage, certificate, {"url": "x"})
    await stored.remember(storage, "local", ["a.com"], {"url": "x", "renewal_info": {}})

    assert await stored.metadata(storage, "local", "a.com") == {"url": "x", "renewal_info": {}}
    assert await stored.load(storage, "local", "a.com") == certificate


async def test_name_it_was_asked_for_counts(storage: FileStorage) -> None:
    """A CA that adds names does not change where a certificate is found."""
    certificate = made("a.com", "www.a.com")
    await stored.save(storage, certificate, names=["a.com"])

    assert await stored.load(storage, "local", "a.com") == certificate


async def test_names_beyond_ascii(storage: FileStorage) -> None:
    """A name is found however it is written: as it is read, or as DNS has it."""
    certificate = made("xn--mnchen-3ya.de")
    await stored.save(storage, certificate)

    assert await stored.load(storage, "local", "münchen.de") == certificate


@pytest.mark.parametrize("ending", ["crt", "key", "json"])
async def test_part_that_is_missing(storage: FileStorage, ending: str) -> None:
    """A certificate of which a part is missing is none, as for Caddy."""
    await stored.save(storage, made("a.com"))
    await storage.delete(keys.certificate("local", "a.com", ending))

    assert await stored.load(storage, "local", "a.com") is None


@pytest.mark.parametrize("ending", ["crt", "key", "json"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1]", b"-----BEGIN"])
async def test_part_that_is_broken(storage: FileStorage, ending: str, content: bytes) -> None:
    """A part that is not what it should be is told with its place, and without its content."""
    await stored.save(storage, made("a.com"))
    await storage.store(keys.certificate("local", "a.com", ending), content)

    with pytest.raises(stored.BrokenError, match=r"^certificates/local/a\.com: "):
        await stored.load(storage, "local", "a.com")


async def test_key_of_another(storage: FileStorage) -> None:
    """A key that does not belong to its certificate is told, and its text is not in the message."""
    await stored.save(storage, made("a.com"))
    key = made("a.com").key
    await storage.store(keys.certificate("local", "a.com", "key"), key.encode())

    with pytest.raises(stored.BrokenError, match="not that of the certificate") as caught:
        await stored.load(storage, "local", "a.com")
    assert key.splitlines()[1] not in str(caught.value)


async def test_failure_half_way(storage: FileStorage) -> None:
    """When a new certificate cannot be stored as a whole, the one before is still there."""
    before = made("a.com")
    await stored.save(storage, before)
    crt = storage.root / keys.certificate("local", "a.com", "crt")
    crt.unlink()
    crt.mkdir()
    with pytest.raises(StorageError):
        await stored.save(storage, made("a.com"))
    crt.rmdir()
    crt.write_text(before.chain)

    assert await stored.load(storage, "local", "a.com") == before


@pytest.mark.slow
async def test_what_caddy_obtained(storage: FileStorage, tmp_path: Path) -> None:
    """What Caddy has stored is read, and would be written again byte for byte."""
    names = ("localhost", "*.example.localhost", "münchen.localhost", "127.0.0.1")
    with serving(tmp_path, *names) as caddy:
        serials = {"localhost": str(caddy.certificate("localhost").serial_number)}
        serials["*.example.localhost"] = str(caddy.certificate("x.example.localhost").serial_number)
    again = FileStorage(tmp_path / "again")
    for name in names:
        certificate = await stored.load(storage, "local", name)
        assert certificate is not None, name
        assert serials.get(name, certificate.serial) == certificate.serial
        await stored.save(again, certificate, None)

    written = await storage.list("certificates", recursive=True)
    assert written == await again.list("certificates", recursive=True)
    assert len(written) == 3 * len(names)
    for key in written:
        assert await storage.load(key) == await again.load(key), key
        path, copy = storage.root / key, again.root / key
        assert path.stat().st_mode == copy.stat().st_mode
        assert path.parent.stat().st_mode == copy.parent.stat().st_mode


@pytest.mark.slow
async def test_caddy_serves_what_was_saved(storage: FileStorage, tmp_path: Path) -> None:
    """A certificate that was saved is what Caddy serves from the same folder, and no new one."""
    name, wild = made("localhost"), made("*.example.localhost")
    for certificate in (name, wild):
        await stored.save(storage, certificate)
    with serving(tmp_path, "localhost", "*.example.localhost") as caddy:
        assert str(caddy.certificate("localhost").serial_number) == name.serial
        assert str(caddy.certificate("x.example.localhost").serial_number) == wild.serial
        assert "obtaining certificate" not in caddy.log

    assert await stored.load(storage, "local", "localhost") == name
