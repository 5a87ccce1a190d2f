"""Authorities of our own: what they make, what they keep, and what they issue."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtensionOID

from snake.core.errors import ConfigError, StartError
from snake.tls.issuer import IssueError
from tests.pki.requests import DAY, certificates, private_key, provisioned, request

PLACE = "pki/authorities/local"
NOW = 1_800_000_000.0


async def test_default_authority_is_made_when_it_is_asked_for(tmp_path: Path) -> None:
    """Nothing is written before somebody wants a certificate; then it is in private files."""
    authorities = await provisioned(tmp_path / "none", other={})
    assert sorted(each.id for each in authorities) == ["other"]

    await authorities.get("local")

    files = sorted((tmp_path / "none" / PLACE).iterdir())
    assert [file.name for file in files] == [
        "intermediate.crt",
        "intermediate.key",
        "root.crt",
        "root.key",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_unknown_authority_is_refused(tmp_path: Path) -> None:
    """Another ID than the default one must be configured; the nearest is named."""
    authorities = await provisioned(tmp_path, office={})

    with pytest.raises(ConfigError, match="ID 'ofice'; did you mean \"office\""):
        await authorities.get("ofice")


async def test_authority_is_kept(tmp_path: Path) -> None:
    """Who starts again has the same root and intermediate."""
    first = await (await provisioned(tmp_path)).get()
    second = await (await provisioned(tmp_path)).get()

    assert (first.root, first.intermediate) == (second.root, second.intermediate)


@pytest.mark.slow
def test_two_that_start_at_once_make_one_root(tmp_path: Path) -> None:
    """Processes that share a storage agree on a root and an intermediate."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROVISION, str(tmp_path)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]

    said = {process.communicate(timeout=40)[0] for process in processes}

    assert len(said) == 1
    assert len(said.pop().split()) == 2


PROVISION = """
import asyncio, sys, pathlib
from tests.pki.requests import provisioned
async def main():
    local = await (await provisioned(pathlib.Path(sys.argv[1]))).get()
    print(local.root.serial_number, local.intermediate.serial_number)
asyncio.run(main())
"""


async def test_issued_certificate_verifies(tmp_path: Path) -> None:
    """OpenSSL verifies what is issued, for its names, with the root alone."""
    authority = await (await provisioned(tmp_path)).get()
    chain = await authority.issue(request("a.test", "*.b.test", "127.0.0.1"), lifetime=3600)
    (tmp_path / "root.pem").write_text(authority.root_pem)
    (tmp_path / "chain.pem").write_text(chain)

    assert verified(tmp_path, "-verify_hostname", "a.test")
    assert verified(tmp_path, "-verify_hostname", "x.b.test")
    assert verified(tmp_path, "-verify_ip", "127.0.0.1")
    assert verified(tmp_path, "-purpose", "sslserver")
    assert not verified(tmp_path, "-verify_hostname", "c.test")


def verified(folder: Path, *checks: str) -> bool:
    """Whether OpenSSL is content with `chain.pem`."""
    files = ["-CAfile", "root.pem", "-untrusted", "chain.pem", *checks, "chain.pem"]
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", *files],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout == "chain.pem: OK\n"


async def test_certificate_ends_with_its_issuer(tmp_path: Path) -> None:
    """No certificate is valid for longer than what signs it."""
    authority = await (await provisioned(tmp_path)).get()

    leaf = certificates(await authority.issue(request("a.test"), lifetime=30 * DAY))[0]

    assert leaf.not_valid_after_utc == authority.intermediate.not_valid_after_utc


async def test_root_can_sign(tmp_path: Path) -> None:
    """With `sign_with_root` the chain is the certificate and the root."""
    authority = await (await provisioned(tmp_path)).get()

    chain = await authority.issue(request("a.test"), lifetime=3600, sign_with_root=True)

    leaf, above = certificates(chain)
    leaf.verify_directly_issued_by(authority.root)
    assert above == authority.root


async def test_names_can_be_given(tmp_path: Path) -> None:
    """Names that the caller has checked stand in place of those in the request."""
    authority = await (await provisioned(tmp_path)).get()

    chain = await authority.issue(request("evil.test"), lifetime=60, names=["a.test", "::1"])

    found = certificates(chain)[0].extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert [str(name.value) for name in found.value] == ["a.test", "::1"]


async def test_request_cannot_ask_to_be_an_authority(tmp_path: Path) -> None:
    """Of what a request asks for, only names and stapling are granted."""
    authority = await (await provisioned(tmp_path)).get()
    asking = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
        .sign(private_key(), hashes.SHA256())
    )

    chain = await authority.issue(
        asking.public_bytes(serialization.Encoding.DER), lifetime=60, names=["a.test"]
    )

    oids = {extension.oid for extension in certificates(chain)[0].extensions}
    assert ExtensionOID.BASIC_CONSTRAINTS not in oids
    assert ExtensionOID.TLS_FEATURE in oids


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x30\x82" + b"\xff" * 70_000])
async def test_bad_request_is_refused(tmp_path: Path, data: bytes) -> None:
    """What is no signing request is an error that does not go away."""
    authority = await (await provisioned(tmp_path)).get()

    with pytest.raises(IssueError) as caught:
        await authority.issue(data, lifetime=60)

    assert caught.value.lasting


async def test_forged_request_is_refused(tmp_path: Path) -> None:
    """A request must be signed by the key that it is for."""
    authority = await (await provisioned(tmp_path)).get()
    data = bytearray(request("a.test"))
    data[data.index(b"a.test")] = ord("b")

    with pytest.raises(IssueError, match="not signed by its own key"):
        await authority.issue(bytes(data), lifetime=60)


async def test_intermediate_is_renewed(tmp_path: Path) -> None:
    """With a fifth of its lifetime left, another takes its place, in the storage too."""
    at = [NOW]
    authorities = await provisioned(tmp_path, lambda: at[0], local={})
    authority = await authorities.get()
    before, root = authority.intermediate, authority.root

    at[0] = NOW + 0.79 * 7 * DAY
    await authorities.maintain(at[0])
    assert authority.intermediate == before
    at[0] = NOW + 0.81 * 7 * DAY
    await authorities.maintain(at[0])

    assert authority.intermediate != before
    assert authority.root == root
    assert (tmp_path / PLACE / "intermediate.crt").read_text() == authority.intermediate_pem
    chain = await authority.issue(request("a.test"), lifetime=60)
    assert certificates(chain)[1] == authority.intermediate


async def test_renewed_intermediate_of_another_machine_is_taken(tmp_path: Path) -> None:
    """Of several that share a storage, one renews and the others take over what it made."""
    at = [NOW]
    first = await provisioned(tmp_path, lambda: at[0], local={})
    second = await provisioned(tmp_path, lambda: at[0], local={})
    at[0] = NOW + 6 * DAY

    await first.maintain(at[0])
    await second.maintain(at[0])

    assert (await first.get()).intermediate == (await second.get()).intermediate


async def test_intermediate_that_expired_meanwhile_is_renewed_at_start(tmp_path: Path) -> None:
    """Who was off for a month starts with a fresh intermediate and the same root."""
    before = await (await provisioned(tmp_path, lambda: NOW)).get()

    after = await (await provisioned(tmp_path, lambda: NOW + 30 * DAY)).get()

    assert after.root == before.root
    assert after.intermediate != before.intermediate


async def test_it_renews_by_itself(tmp_path: Path) -> None:
    """An intermediate that lives for less than the interval is renewed before it ends."""
    settings = {"intermediate_lifetime": "4s", "renewal_window_ratio": 0.5}
    authorities = await provisioned(tmp_path, local=settings)
    authority = await authorities.get()
    before = authority.intermediate
    running = asyncio.create_task(authorities.renew())

    while authority.intermediate == before:  # noqa: ASYNC110  (it tells nobody)
        await asyncio.sleep(0.05)

    assert authority.intermediate.not_valid_before_utc <= before.not_valid_after_utc
    running.cancel()


async def test_failed_renewal_keeps_what_there_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A root that cannot be read is logged, and the old intermediate signs on."""
    at = [NOW]
    authorities = await provisioned(tmp_path, lambda: at[0], local={})
    authority = await authorities.get()
    (tmp_path / PLACE / "root.key").unlink()
    at[0] = NOW + 6 * DAY

    await authorities.maintain(at[0])

    assert "root.key is missing" in str(vars(caplog.records[-1])["fields"])
    assert certificates(await authority.issue(request("a.test"), lifetime=60))


async def test_expired_intermediate_issues_nothing(tmp_path: Path) -> None:
    """What would sign must be valid itself."""
    at = [NOW]
    authority = await (await provisioned(tmp_path, lambda: at[0])).get()
    at[0] = NOW + 8 * DAY

    with pytest.raises(IssueError, match="has expired"):
        await authority.issue(request("a.test"), lifetime=60)


async def test_broken_intermediate_is_made_anew(tmp_path: Path) -> None:
    """An intermediate that nobody can read, or of another root, is replaced; a root never is."""
    first = await (await provisioned(tmp_path)).get()
    (tmp_path / PLACE / "intermediate.key").write_text("nonsense")

    second = await (await provisioned(tmp_path)).get()
    assert second.intermediate != first.intermediate

    (tmp_path / PLACE / "root.crt").write_text("nonsense")
    with pytest.raises(StartError, match=r"root\.crt and its key: no certificate in PEM"):
        await (await provisioned(tmp_path)).get()


async def test_root_without_its_key_serves_for_a_while(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While there is an intermediate, the root's key can be missing; the log says until when."""
    first = await (await provisioned(tmp_path)).get()
    (tmp_path / PLACE / "root.key").unlink()

    second = await (await provisioned(tmp_path)).get()
    assert second.intermediate == first.intermediate
    assert caplog.records[-1].levelname == "ERROR"
    assert "local/root.key is missing" in vars(caplog.records[-1])["fields"]["error"]

    (tmp_path / PLACE / "intermediate.crt").unlink()
    with pytest.raises(StartError, match=r"local/root\.key is missing"):
        await (await provisioned(tmp_path)).get()


async def test_old_intermediate_serves_where_none_can_be_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """On a disk that is full or read-only, an intermediate is used until it ends."""
    first = await (await provisioned(tmp_path, lambda: NOW)).get()
    (tmp_path / "locks").rmdir()
    (tmp_path / "locks").write_text("what is no folder: locks cannot be made")

    second = await (await provisioned(tmp_path, lambda: NOW + 6 * DAY)).get()
    assert second.intermediate == first.intermediate
    assert "intermediate cannot be renewed" in caplog.text

    with pytest.raises(StartError, match="locks"):
        await (await provisioned(tmp_path, lambda: NOW + 8 * DAY)).get()


async def test_root_that_was_not_finished_is_made_anew(tmp_path: Path) -> None:
    """The key is written first, so who dies between leaves nothing in the way."""
    await (await provisioned(tmp_path)).get()
    (tmp_path / PLACE / "root.crt").unlink()

    authority = await (await provisioned(tmp_path)).get()

    authority.intermediate.verify_directly_issued_by(authority.root)
