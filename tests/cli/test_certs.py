"""`snake certs`: what it lists of a configuration's certificates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from snake.cli.certs import table
from snake.storage.folder import FileStorage
from snake.tls import notes, stored
from snake.tls.certificate import Certificate
from snake.tls.managed import Status

DAY = 86_400.0
SITES = "{\n\tauto_https disable_redirects\n}\na.com, b.com {\n\trespond x\n}\n"


def listed(folder: Path, config: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a configuration, with the data folder in `folder`."""
    (folder / "Caddyfile").write_text(config)
    return subprocess.run(
        [sys.executable, "-m", "snake", "certs", *args],
        cwd=folder,
        env={**os.environ, "XDG_DATA_HOME": str(folder / "data")},
        capture_output=True,
        text=True,
        check=False,
    )


def made(name: str, issuer: str) -> Certificate:
    """Return a certificate for a name, for 90 days."""
    now = datetime.now(UTC)
    leaf = trustme.CA().issue_cert(name, not_before=now, not_after=now + timedelta(days=90))
    chain = leaf.cert_chain_pems[0].bytes().decode()
    return Certificate.read(chain, leaf.private_key_pem.bytes().decode(), issuer_key=issuer)


def test_table_says_what_comes_next() -> None:
    """Each name has its issuer, its end, when it is renewed or tried again, and the last error."""
    now = 1_000_000.0
    lines = table(
        [
            Status("a.com", "local", now - DAY, now + 2 * DAY, now + DAY),
            Status("b.com", error="the CA is down", attempts=2, next_at=now + 120),
            Status("c.com", "ca", now - 90 * DAY, now - 3 * DAY, now - 30 * DAY, "refused"),
        ],
        now,
    )
    assert list(lines) == [
        "NAME   ISSUER  EXPIRES          RENEWS                LAST ERROR",
        "a.com  local   in 2 d           in 24 h               -",
        "b.com  -       no certificate   tried again in 2 min  the CA is down",
        "c.com  ca      EXPIRED 3 d ago  due                   refused",
    ]


@pytest.mark.slow
async def test_all_names_of_a_configuration_are_listed(tmp_path: Path) -> None:
    """Those with a certificate in the storage, and those that have none yet, with the reason."""
    storage = FileStorage(tmp_path / "data" / "caddy")
    certificate = made("a.com", "acme-v02.api.letsencrypt.org-directory")
    await stored.save(storage, certificate, names=["a.com"])
    await notes.leave(storage, Status("b.com", error="DNS problem: no address", attempts=1))

    done = listed(tmp_path, SITES)
    first, second = (line.split() for line in done.stdout.splitlines()[1:])
    assert first[:2] == ["a.com", "acme-v02.api.letsencrypt.org-directory"]
    assert "no certificate" in " ".join(second)
    assert "DNS problem: no address" in " ".join(second)
    assert done.returncode == 1

    data = json.loads(listed(tmp_path, SITES, "--json").stdout)
    assert [each["name"] for each in data] == ["a.com", "b.com"]
    assert data[0]["not_after"] == certificate.not_after
    assert "PRIVATE KEY" not in done.stdout + str(data)


@pytest.mark.slow
def test_configuration_without_https_has_none(tmp_path: Path) -> None:
    """Nothing is needed and nothing is there: that is well."""
    done = listed(tmp_path, ":8080 {\n\trespond x\n}\n")
    assert (done.returncode, done.stdout) == (
        0,
        "There are no certificates, and no site that needs one.\n",
    )
    assert not (tmp_path / "data").exists()
