"""Trust stores that are really there: Debian's, NSS's and Java's, and programs that read them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from snake.pki.authority import Authority
from snake.pki.trust import debian
from snake.pki.trust.java import Java
from snake.pki.trust.nss import NSS
from snake.pki.trust.outcome import Deed, install, uninstall
from snake.pki.trust.root import Root
from snake.pki.trust.tool import Rights, run
from tests.pki.machine import Machine
from tests.pki.requests import pem_of, private_key, provisioned, request
from tests.pki.site import BODY, chromium, site

RIGHTS = Rights(())

needs_nss = pytest.mark.skipif(
    shutil.which("certutil") is None, reason="no certutil: apt install libnss3-tools"
)
KEYTOOL = shutil.which("keytool")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority whose root nobody trusts."""

    async def made() -> Authority:
        return await (await provisioned(tmp_path / "pki", local={"name": "snake test"})).get()

    return asyncio.run(made())


@pytest.fixture
def url(authority: Authority, tmp_path: Path) -> Iterator[str]:
    """A site with a certificate of that authority."""
    key = private_key()
    chain = asyncio.run(authority.issue(request("localhost", key=key), lifetime=3600))
    with site(tmp_path, chain, pem_of(key)) as url:
        yield url


@pytest.mark.slow
def test_curl_accepts_what_debian_trusts(
    machine: Machine, authority: Authority, url: str, tmp_path: Path
) -> None:
    """A root that was added to Debian's store is one for curl, until it is removed."""
    (tmp_path / "Caddyfile").write_text(f"{{\n\tstorage file_system {tmp_path}/pki\n}}\n")
    config = ("--config", f"{tmp_path}/Caddyfile")
    file = debian.store.file(Root.of(authority.root))
    links = machine.links
    assert machine.curl(url) == ""

    assert f"  Debian: added: {file}\n" in machine.snake("trust", *config)
    assert machine.curl(url) == BODY
    assert "  Debian: trusted already\n" in machine.snake("trust", *config)
    assert f"  Debian: removed: {file}\n" in machine.snake("untrust", *config)
    assert machine.curl(url) == ""
    assert "  Debian: not there\n" in machine.snake("untrust", *config)
    assert machine.links == links


def nss(home: Path, *places: str) -> NSS:
    """Make databases of NSS in a user's folder."""
    for place in places:
        (home / place).mkdir(parents=True)
        run(("certutil", "-N", "-d", f"sql:{home / place}", "--empty-password"))
    return NSS(str(home))


@needs_nss
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium: apt install chromium")
def test_chromium_accepts_what_nss_trusts(authority: Authority, url: str, tmp_path: Path) -> None:
    """A root that was added to the user's database is one for Chromium."""
    root, home = Root.of(authority.root), tmp_path / "home"
    store = nss(home, ".pki/nssdb")
    environ = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}

    def shown() -> bool:
        return BODY in chromium(url, tmp_path / "profile", environ)

    assert not shown()
    assert [each.deed for each in install(root, [store], RIGHTS)] == [Deed.ADDED]
    assert shown()
    assert [each.deed for each in uninstall(root, [store], RIGHTS)] == [Deed.REMOVED]


@needs_nss
@pytest.mark.slow
def test_all_profiles_are_changed(authority: Authority, tmp_path: Path) -> None:
    """Each profile of Firefox has its own database; one that lacks the root gets it."""
    root = Root.of(authority.root)
    places = (".pki/nssdb", ".mozilla/firefox/a.default", "snap/firefox/common/.mozilla/firefox/b")
    store = nss(tmp_path / "home", *places[:2])

    (first,) = install(root, [store], RIGHTS)
    store = nss(tmp_path / "home", places[2])
    (second,) = install(root, [store], RIGHTS)

    assert (first.detail.count("home"), first.deed) == (2, Deed.ADDED)
    assert second.detail == str(tmp_path / "home" / places[2])
    assert [each.deed for each in install(root, [store], RIGHTS)] == [Deed.TRUSTED]
    (gone,) = uninstall(root, [store], RIGHTS)
    assert gone.detail.count("home") == 3
    assert [each.deed for each in uninstall(root, [store], RIGHTS)] == [Deed.ABSENT]


@needs_nss
def test_broken_profile_does_not_keep_others_from_it(authority: Authority, tmp_path: Path) -> None:
    """A database that cannot be changed is named, and the others have the root."""
    root = Root.of(authority.root)
    store = nss(tmp_path / "home", ".mozilla/firefox/good", ".mozilla/firefox/a-bad")
    (tmp_path / "home/.mozilla/firefox/a-bad/cert9.db").write_bytes(b"nonsense" * 1000)

    (outcome,) = install(root, [store], RIGHTS)

    assert outcome.deed is Deed.FAILED
    assert "a-bad" in outcome.detail
    assert "firefox/good" not in outcome.detail
    shutil.rmtree(tmp_path / "home/.mozilla/firefox/a-bad")
    assert store.has(root)


@needs_nss
@pytest.mark.slow
def test_database_with_a_password_asks_nobody(authority: Authority, tmp_path: Path) -> None:
    """What would ask for a password fails instead, and says which database it is."""
    folder = tmp_path / "home/.pki/nssdb"
    folder.mkdir(parents=True)
    (tmp_path / "password").write_text("secret word\n")
    run(("certutil", "-N", "-d", f"sql:{folder}", "-f", str(tmp_path / "password")))

    (outcome,) = install(Root.of(authority.root), [NSS(str(tmp_path / "home"))], RIGHTS)

    assert outcome.deed is Deed.FAILED
    assert str(folder) in outcome.detail


@pytest.mark.slow
@pytest.mark.skipif(KEYTOOL is None, reason="no keytool: apt install default-jre-headless")
def test_java_trusts_it(authority: Authority, tmp_path: Path) -> None:
    """The store of the Java in `JAVA_HOME` gets the root, and loses it again."""
    assert KEYTOOL is not None
    root, home = Root.of(authority.root), tmp_path / "java"
    (home / "bin").mkdir(parents=True)
    (home / "bin/keytool").write_text(f'#!/bin/sh\nexec {KEYTOOL} "$@"\n')
    (home / "bin/keytool").chmod(0o755)
    (home / "lib/security").mkdir(parents=True)
    store = Java(str(home))
    assert "no cacerts" in store.missing()
    # It has another root already, as a store of Java has.
    (tmp_path / "other.pem").write_text(authority.intermediate_pem)
    keystore = ("-keystore", f"{home}/lib/security/cacerts", "-storepass", "changeit")
    other = ("-file", f"{tmp_path}/other.pem", "-alias", "other")
    run((KEYTOOL, "-importcert", "-noprompt", *keystore, *other))

    deeds = [
        change(root, [store], RIGHTS)[0].deed
        for change in (uninstall, install, install, uninstall, uninstall)
    ]

    assert deeds == [Deed.ABSENT, Deed.ADDED, Deed.TRUSTED, Deed.REMOVED, Deed.ABSENT]


def test_root_is_read_from_any_form(authority: Authority) -> None:
    """A root may be PEM or DER; its name is the one by which Caddy finds it."""
    root = Root.of(authority.root)

    assert Root.read(root.pem.encode()) == Root.read(root.der) == root
    assert root.name == f"{root.common_name} {authority.root.serial_number}"
    assert root.is_in(b"text before\r\n" + root.pem.replace("\n", "\r\n").encode())
    assert not root.is_in(authority.intermediate_pem.encode())
