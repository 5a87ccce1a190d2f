"""Trust stores of systems that this is not: what is done there, recorded by tools put in place."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from snake.pki.trust import arch, debian, fedora, java, macos, nss, stores, suse, windows
from snake.pki.trust.anchors import Anchors
from snake.pki.trust.outcome import Deed, install, uninstall
from snake.pki.trust.root import Root
from snake.pki.trust.store import Store
from snake.pki.trust.tool import Rights
from tests.pki.requests import provisioned

RIGHTS = Rights(())
SERVER = Rights(None)
LINUX = [arch.store, debian.store, fedora.store, suse.store]


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """A root that nobody trusts."""

    async def made() -> Root:
        settings = {"root_common_name": "a/b root"}
        return Root.of((await (await provisioned(tmp_path / "pki", local=settings)).get()).root)

    return asyncio.run(made())


Tools = Callable[..., Callable[[], list[list[str]]]]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Put a program on PATH that writes down how it is called, and then does as a shell script."""
    folder, log = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    log.touch()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def put(name: str, script: str = "") -> Callable[[], list[list[str]]]:
        tool = folder / name
        record = f'for word in "$0" "$@"; do printf "%s\\n" "$word" >> {log}; done\necho >> {log}\n'
        tool.write_text(f"#!/bin/sh\n{record}{script}\n")
        tool.chmod(0o755)

        def calls() -> list[list[str]]:
            found = [call.splitlines() for call in log.read_text().split("\n\n") if call.strip()]
            return [[Path(words[0]).name, *words[1:]] for words in found]

        return calls

    return put


def elsewhere(store: Anchors, folder: Path) -> Anchors:
    """Return a store of Linux that is in another place."""
    (folder / "anchors").mkdir()
    (folder / "bundle.pem").write_text("")
    places = {"folder": str(folder / "anchors"), "bundle": str(folder / "bundle.pem")}
    return msgspec.structs.replace(store, **places)


@pytest.mark.parametrize("distribution", LINUX, ids=lambda store: store.name)
def test_linux_makes_its_bundle_from_a_folder(
    distribution: Anchors, root: Root, tools: Tools, tmp_path: Path
) -> None:
    """The root is a file beside others, and the distribution's tool is run after each change."""
    store = elsewhere(distribution, tmp_path)
    calls = tools(store.command[0], f"cat {store.folder}/* > {store.bundle} 2>/dev/null; true")

    (added,) = install(root, [store], RIGHTS)
    file = Path(added.detail)
    assert (added.deed, file.name) == (Deed.ADDED, f"a_b_root_{root.serial}{store.ending}")
    assert (file.read_text(), file.stat().st_mode & 0o777) == (root.pem, 0o644)
    (removed,) = uninstall(root, [store], RIGHTS)

    assert (removed.deed, removed.detail) == (Deed.REMOVED, str(file))
    assert calls() == [[*store.command], [*store.command, *store.forgetting]]
    assert [each.deed for each in uninstall(root, [store], RIGHTS)] == [Deed.ABSENT]
    assert len(calls()) == 2


@pytest.mark.parametrize("distribution", LINUX, ids=lambda store: store.name)
def test_linux_is_told_by_its_folder(distribution: Anchors) -> None:
    """A distribution whose folder is not there is not this one."""
    store = msgspec.structs.replace(distribution, folder="/nowhere")

    assert store.missing() == "there is no folder /nowhere"
    assert [each.deed for each in install(ANY, [store], RIGHTS)] == [Deed.SKIPPED]


ANY = Root(b"", "", "any", 1)


def test_tool_that_does_not_do_it_is_a_failure(root: Root, tools: Tools, tmp_path: Path) -> None:
    """A root that the bundle lacks after all is not said to be trusted."""
    store = elsewhere(debian.store, tmp_path)
    tools("update-ca-certificates")

    (outcome,) = install(root, [store], RIGHTS)

    assert outcome.deed is Deed.FAILED
    assert "did not add" in outcome.detail


def test_failure_of_a_tool_is_told(root: Root, tools: Tools, tmp_path: Path) -> None:
    """What a tool says before it fails is repeated."""
    store = elsewhere(debian.store, tmp_path)
    tools("update-ca-certificates", "echo the disk is full >&2; exit 3")

    (outcome,) = install(root, [store], RIGHTS)

    assert outcome.detail.endswith("failed (3): the disk is full")


def test_file_of_another_name_is_found(root: Root, tools: Tools, tmp_path: Path) -> None:
    """A root that somebody has added by hand is removed all the same."""
    store = elsewhere(debian.store, tmp_path)
    tools("update-ca-certificates")
    for name in ("mine.crt", "other.crt"):
        (tmp_path / "anchors" / name).write_text(root.pem if name == "mine.crt" else "x")

    (outcome,) = uninstall(root, [store], RIGHTS)

    assert outcome.detail == str(tmp_path / "anchors/mine.crt")
    assert [each.name for each in (tmp_path / "anchors").iterdir()] == ["other.crt"]


def test_sudo_is_used_where_it_must_be(
    root: Root, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not write the folder does all of it by sudo; a server does not even try."""
    store = elsewhere(debian.store, tmp_path)
    monkeypatch.setattr(Anchors, "_is_ours", lambda _: False)
    tools("update-ca-certificates", f"cat {store.folder}/* > {store.bundle}; true")
    calls = tools("sudo", 'shift; exec "$@"')

    (told,) = install(root, [store], SERVER)
    assert told.deed is Deed.FAILED
    assert "as root" in told.detail
    assert calls() == []

    (added,) = install(root, [store], Rights(("sudo", "--")))
    assert added.deed is Deed.ADDED
    assert next(call[:3] for call in calls() if call[0] == "sudo") == ["sudo", "--", "tee"]
    (removed,) = uninstall(root, [store], Rights(("sudo", "--")))
    assert removed.deed is Deed.REMOVED


def test_macos_has_a_keychain(root: Root, tools: Tools) -> None:
    """On macOS the root is added to the keychain of the system, for TLS and nothing else."""
    calls = tools("security", '[ "$1" != verify-cert ]')

    (outcome,) = install(root, [macos.store], RIGHTS)

    assert (outcome.deed, outcome.detail) == (Deed.ADDED, macos.KEYCHAIN)
    verify, add = calls()
    assert verify == list(macos.verifying(verify[-1]))
    assert add == list(macos.adding(add[-1]))
    assert add[1:9] == ["add-trusted-cert", "-d", "-r", "trustRoot", "-p", "ssl", "-p", "basic"]
    assert add[-1].endswith("root.pem")
    assert not Path(add[-1]).exists()


def test_macos_removes_what_is_there(root: Root, tools: Tools) -> None:
    """On macOS the trust is taken away, if there is any."""
    calls = tools("security")

    (outcome,) = uninstall(root, [macos.store], RIGHTS)

    assert outcome.deed is Deed.REMOVED
    assert calls()[-1][:3] == ["security", "remove-trusted-cert", "-d"]


@pytest.mark.parametrize(("machine", "of"), [(True, []), (False, ["-user"])])
def test_windows_has_certutil(root: Root, tools: Tools, machine: bool, of: list[str]) -> None:  # noqa: FBT001
    """On Windows an administrator changes the machine's store, and others their own."""
    store = windows.Windows(machine)
    calls = tools("certutil", 'case "$*" in *-store*) exit 1;; esac')

    (outcome,) = install(root, [store], RIGHTS)

    assert outcome.deed is Deed.ADDED
    assert calls()[0] == ["certutil", *of, "-store", "Root", root.sha1]
    assert calls()[1][:-1] == ["certutil", *of, "-f", "-addstore", "Root"]


def test_windows_deletes_by_fingerprint(root: Root, tools: Tools) -> None:
    """On Windows the very certificate is deleted, and a server opens no window."""
    calls = tools("certutil")

    (outcome,) = uninstall(root, [windows.Windows(machine=True)], RIGHTS)

    assert outcome.deed is Deed.REMOVED
    assert calls()[-1] == ["certutil", "-delstore", "Root", root.sha1]
    tools("certutil", "exit 1")
    (told,) = install(root, [windows.Windows(machine=False)], SERVER)
    assert "would ask in a window" in told.detail


def test_commands_are_these(root: Root) -> None:
    """The words of the other tools are those of their manuals."""
    assert nss.adding("certutil", "sql:/d", root, "f") == (
        *("certutil", "-A", "-d", "sql:/d", "-t", "C,,", "-n", root.name, "-i", "f"),
    )
    assert nss.deleting("certutil", "sql:/d", root) == (
        *("certutil", "-D", "-d", "sql:/d", "-n", root.name),
    )
    keystore = ("-keystore", "s", "-storepass", "changeit")
    assert java.importing("keytool", "s", root, "f") == (
        *("keytool", "-importcert", "-noprompt", *keystore, "-file", "f", "-alias", root.name),
    )
    assert java.deleting("keytool", "s", root) == (
        *("keytool", "-delete", *keystore, "-alias", root.name),
    )


def test_missing_stores_say_why(tmp_path: Path) -> None:
    """What is skipped has a reason that says what to install or set."""
    reasons: list[tuple[Store, str]] = [
        (nss.NSS(str(tmp_path)), "neither Firefox nor Chromium has a profile"),
        (nss.NSS(""), "neither Firefox nor Chromium has a profile"),
        (java.Java(""), "JAVA_HOME is not set"),
        (java.Java(str(tmp_path)), "there is no keytool in JAVA_HOME"),
    ]
    for store, reason in reasons:
        assert reason in store.missing()


def test_this_machine_has_three_kinds_of_stores() -> None:
    """The store of the system comes first, then those of browsers and of Java."""
    assert [store.name for store in stores.stores()][1:] == ["NSS (Firefox, Chromium)", "Java"]
