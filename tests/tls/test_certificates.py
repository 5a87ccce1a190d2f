"""Certificates that a document names."""

from __future__ import annotations

import datetime as dt
import logging
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from snake.core.errors import ConfigError
from snake.core.modules import Context
from snake.engine.warm import registry
from snake.storage.folder import FileStorage
from snake.storage.storage import Storage
from snake.tls.certificate import Certificate

CA = trustme.CA(key_type=trustme.KeyType.ECDSA)


def leaf(*names: str, **how: Any) -> tuple[str, str]:
    """Return the chain and the key of a certificate, as PEM."""
    issued = CA.issue_cert(*names, key_type=trustme.KeyType.ECDSA, **how)
    chain = "".join(pem.bytes().decode() for pem in issued.cert_chain_pems)
    return chain, issued.private_key_pem.bytes().decode()


CHAIN, KEY = leaf("a.com")


async def loaded(kind: str, value: object, storage: Storage | None = None) -> list[Certificate]:
    """Return what a module loads."""
    services = {} if storage is None else {Storage: storage}
    async with AsyncExitStack() as stack:
        ctx = Context(registry(), stack, services).at(kind)
        raw = msgspec.Raw(msgspec.json.encode(value))
        found: list[Certificate] = await ctx.load_named(raw, f"tls.certificates.{kind}")
        return found


async def refused(kind: str, value: object) -> ConfigError:
    """Return why a module loads nothing."""
    with pytest.raises(ConfigError) as caught:
        await loaded(kind, value)
    assert "PRIVATE KEY-----" not in str(caught.value)
    return caught.value


async def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair of files has a name with placeholders, tags, and all in them that is no use."""
    (tmp_path / "a.crt").write_text(f"Bag Attributes\n{CHAIN}{KEY}\r\n")
    (tmp_path / "a.key").write_text(f"# text\n{CHAIN}\n{KEY}")
    monkeypatch.setenv("SITE", str(tmp_path / "a"))
    pair = {"certificate": "{env.SITE}.crt", "key": "{env.SITE}.key", "tags": ["x", "{env.SITE}"]}

    (found,) = await loaded("load_files", [pair])
    assert found.names == ("a.com",)
    assert found.tags == ("x", str(tmp_path / "a"))
    assert found.chain == CHAIN


@pytest.mark.parametrize(
    ("pair", "path", "message"),
    [
        ({"certificate": "/none", "key": "/none"}, "0/certificate", "cannot read /none: No such"),
        ({"certificate": "/", "key": "/none"}, "0/certificate", "cannot read /: Is a directory"),
        ({"certificate": "a", "key": "b", "format": "der"}, "0/format", "format: der"),
    ],
)
async def test_wrong_files(pair: dict[str, Any], path: str, message: str) -> None:
    """A file that cannot be read is named, where it stands in the document."""
    error = await refused("load_files", [pair])

    assert error.path == f"load_files/{path}"
    assert message in error.message


def encrypted() -> str:
    """Return the key as it is with a password."""
    key = serialization.load_pem_private_key(KEY.encode(), None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    ).decode()


@pytest.mark.parametrize(
    ("chain", "key", "path", "message"),
    [
        ("", KEY, "/certificate", "no CERTIFICATE pem block"),
        (KEY, KEY, "/certificate", "no CERTIFICATE pem block"),
        (CHAIN, "", "/key", "no PRIVATE KEY pem block"),
        (CHAIN, encrypted(), "/key", "encrypted private keys are not supported"),
        (CHAIN, leaf("a.com")[1], "", "the private key is not that of the certificate"),
        (CHAIN.replace("MII", "AAA"), KEY, "", "this is no certificate in PEM"),
        (CHAIN, KEY.replace("MH", "AA"), "", "this is no private key in PEM"),
    ],
    ids=["nothing", "key", "no key", "encrypted", "other key", "garbage", "garbage key"],
)
async def test_wrong_pairs(chain: str, key: str, path: str, message: str) -> None:
    """What is no pair is refused with what is wrong with it, and nothing of the key."""
    error = await refused("load_pem", [{"certificate": chain, "key": key}])

    assert error.path == f"load_pem/0{path}"
    assert message in error.message


async def test_folders(tmp_path: Path) -> None:
    """Every file that ends with .pem, however deep, has a chain and its key."""
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "c" / "one.PEM").write_text("".join(leaf("one.com")))
    (tmp_path / "a.pem").write_text("".join(reversed(leaf("two.com"))))
    (tmp_path / "a.crt").write_text("not looked at")

    found = await loaded("load_folders", [str(tmp_path)])
    assert [each.names for each in found] == [("two.com",), ("one.com",)]


async def test_links_in_folders(tmp_path: Path) -> None:
    """A link to another file of the folder is followed; one that leads out of it is refused."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pem").write_text(CHAIN + KEY)
    (tmp_path / "in" / "b.pem").symlink_to("a.pem")
    assert len(await loaded("load_folders", [str(tmp_path / "in")])) == 2

    (tmp_path / "out.pem").write_text(CHAIN + KEY)
    (tmp_path / "in" / "c.pem").symlink_to("../out.pem")
    assert "is a link to what is not in" in str(
        await refused("load_folders", [str(tmp_path / "in")])
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CHAIN, "no PRIVATE KEY pem block"),
        (f"{CHAIN}{KEY}-----BEGIN X-----\nAAAA\n-----END X-----\n", "unrecognized PEM block type"),
    ],
)
async def test_wrong_folders(tmp_path: Path, text: str, message: str) -> None:
    """A file of a folder that has something else is named."""
    (tmp_path / "a.pem").write_text(text)
    error = str(await refused("load_folders", [str(tmp_path)]))

    assert f"{tmp_path / 'a.pem'}: {message}" in error
    assert "cannot read /none" in str(await refused("load_folders", ["/none"]))


async def test_storage(tmp_path: Path) -> None:
    """A pair may be in the storage."""
    storage = FileStorage(tmp_path)
    await storage.store("own/a.crt", CHAIN.encode())
    await storage.store("own/a.key", KEY.encode())
    pairs = {"pairs": [{"certificate": "own/a.crt", "key": "own/a.key"}]}

    assert [each.names for each in await loaded("load_storage", pairs, storage)] == [("a.com",)]
    with pytest.raises(ConfigError):
        await loaded("load_storage", {"pairs": [{"certificate": "x", "key": "y"}]}, storage)


async def test_expired(caplog: pytest.LogCaptureFixture) -> None:
    """A certificate that has expired is loaded with a warning: it is better than none."""
    chain, key = leaf("old.com", not_after=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    with caplog.at_level(logging.WARNING, "snake.tls"):
        (found,) = await loaded("load_pem", [{"certificate": chain, "key": key}])

    assert found.names == ("old.com",)
    assert "has expired" in caplog.text
