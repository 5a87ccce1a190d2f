"""What `pki` says of an authority: names, lifetimes, files, a storage of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.core.errors import ConfigError, StartError
from snake.tls.issuer import IssueError
from tests.pki.requests import DAY, certificates, pem_of, private_key, provisioned, request

PLACE = "pki/authorities/local"
NOW = 1_800_000_000.0


async def test_names_are_filled_in(tmp_path: Path) -> None:
    """Names may have placeholders, that of the authority among them."""
    settings = {"name": "Mine", "root_common_name": "{pki.ca.name} {nothing}{time.now.year}"}
    settings["intermediate_common_name"] = "below {pki.ca.name}"

    authority = await (await provisioned(tmp_path, local=settings)).get()

    assert authority.root.subject.rfc4514_string().startswith("CN=Mine 20")
    assert authority.intermediate.subject.rfc4514_string() == "CN=below Mine"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"root_common_name": "x" * 65}, "local/root_common_name: a common name has 1 to 64"),
        ({"intermediate_common_name": "{nothing}"}, "intermediate_common_name: a common name"),
        ({"intermediate_lifetime": "3600d"}, "local: the lifetime of the intermediate"),
        ({"root": {"certificate": "a", "format": "der"}}, "root/format: unsupported format: der"),
        ({"root": {"private_key": "a"}}, "root: a pair needs the file of its certificate"),
        ({"root": {"certificate": "/nowhere/a"}}, "local: cannot read /nowhere/a: no such file"),
        ({"storage": {"module": "file_sytem"}}, 'did you mean "file_system"'),
    ],
)
async def test_wrong_settings_are_named(
    tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    """An authority that cannot be says where in the document, and why."""
    with pytest.raises((ConfigError, StartError), match=message):
        await provisioned(tmp_path, local=settings)


async def test_authority_has_a_storage_of_its_own(tmp_path: Path) -> None:
    """With `storage` its keys are apart from everything else."""
    own = {"module": "file_system", "root": str(tmp_path / "own")}

    await provisioned(tmp_path / "all", local={"storage": own})

    assert (tmp_path / "own" / PLACE / "root.key").exists()
    assert not (tmp_path / "all").exists()


async def test_pairs_may_be_files(tmp_path: Path) -> None:
    """A root and an intermediate may be files; then nothing is made or kept."""
    made = await (await provisioned(tmp_path / "made")).get()
    folder = tmp_path / "made" / PLACE
    pairs = {
        name: {"certificate": f"{folder}/{name}.crt", "private_key": f"{folder}/{name}.key"}
        for name in ("root", "intermediate")
    }

    authorities = await provisioned(tmp_path / "all", local=pairs)
    authority = await authorities.get()
    await authorities.maintain(NOW + 100 * DAY)

    assert (authority.root, authority.intermediate) == (made.root, made.intermediate)
    assert certificates(await authority.issue(request("a.test"), lifetime=60))
    assert not (tmp_path / "all").exists()


async def test_root_without_key_needs_an_intermediate(tmp_path: Path) -> None:
    """A root in a file may do without its key where nothing has to be signed with it."""
    await (await provisioned(tmp_path / "made")).get()
    folder = tmp_path / "made" / PLACE
    root = {"certificate": f"{folder}/root.crt"}
    with pytest.raises(StartError, match="has no private_key, which signs intermediates"):
        await provisioned(tmp_path / "all", local={"root": root})

    pair = {"certificate": f"{folder}/intermediate.crt"}
    pair["private_key"] = f"{folder}/intermediate.key"
    both = {"root": root, "intermediate": pair}
    authority = await (await provisioned(tmp_path / "all", local=both)).get()

    assert await authority.issue(request("a.test"), lifetime=60)
    with pytest.raises(IssueError, match="without its private key"):
        await authority.issue(request("a.test"), lifetime=60, sign_with_root=True)


async def test_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    """The files of a pair must belong together."""
    await (await provisioned(tmp_path / "made")).get()
    (tmp_path / "other.key").write_bytes(pem_of(private_key()))
    pair = {
        "certificate": str(tmp_path / "made" / PLACE / "root.crt"),
        "private_key": str(tmp_path / "other.key"),
    }

    with pytest.raises(StartError, match="the private key is not that of the certificate"):
        await provisioned(tmp_path / "all", local={"root": pair})
