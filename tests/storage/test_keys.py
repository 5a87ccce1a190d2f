"""The names of keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.storage import keys
from snake.storage.data_folder import data_folder

LETSENCRYPT = "acme-v02.api.letsencrypt.org-directory"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A.Com", "a.com"),
        ("*.a.com", "wildcard_.a.com"),
        (" a b ", "a_b"),
        ("me+you@a.com", "me_plus_you@a.com"),
        ("::1", "--1"),
        ("a..b...c", "ab.c"),
        ("../../etc/passwd", "etcpasswd"),
        ("a,b;c/d\\e\0f", "abcdef"),
        ("ä_ß-é", "_-"),
        ("", ""),
    ],
)
def test_part_of_a_key(text: str, expected: str) -> None:
    """Only what is safe on every file system stays."""
    assert keys.safe(text) == expected


@given(st.text())
def test_part_has_no_separator(text: str) -> None:
    """Whatever a name has in it, it is one part of a key."""
    assert not set("/\\:*\0") & set(keys.safe(text))


def test_keys_of_certmagic() -> None:
    """Each thing is where Caddy has it."""
    assert keys.certificate(LETSENCRYPT, "*.A.com", "crt") == (
        f"certificates/{LETSENCRYPT}/wildcard_.a.com/wildcard_.a.com.crt"
    )
    assert keys.certificate("local", "münchen.de", "key") == (
        "certificates/local/xn--mnchen-3ya.de/xn--mnchen-3ya.de.key"
    )
    assert keys.account(LETSENCRYPT, "Me+x@A.com", "json") == (
        f"acme/{LETSENCRYPT}/users/me_plus_x@a.com/me_plus_x.json"
    )
    assert keys.account(LETSENCRYPT, "", "key") == f"acme/{LETSENCRYPT}/users/default/default.key"
    assert keys.account(LETSENCRYPT, "@a.com", "key") == (
        f"acme/{LETSENCRYPT}/users/@a.com/a.com.key"
    )
    assert keys.challenge(LETSENCRYPT, "a.com") == f"acme/{LETSENCRYPT}/challenge_tokens/a.com.json"
    assert keys.issuance("*.a.com") == "issue_cert_*.a.com"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://acme-v02.api.letsencrypt.org/directory", LETSENCRYPT),
        ("https://acme.zerossl.com/v2/DV90", "acme.zerossl.com-v2-DV90"),
        ("https://127.0.0.1:14000/dir/", "127.0.0.1:14000-dir"),
        ("https://user:secret@ca.local", "ca.local"),
    ],
)
def test_folder_of_a_ca(url: str, expected: str) -> None:
    """A CA is named by the URL of its directory."""
    assert keys.issuer_of(url) == expected


def test_many_names() -> None:
    """Names of one certificate are sorted, and cut when there are too many for a file name."""
    assert keys.joined(["b.com", "a.com", "ü.de"]) == "a.com,b.com,xn--tda.de"
    long = keys.joined(f"{number:04}.example.com" for number in range(100))
    assert len(long) == 1024
    assert long.endswith("_trunc")


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"XDG_DATA_HOME": "/data", "HOME": "/h"}, "linux", "/data/caddy"),
        ({"HOME": "/h"}, "linux", "/h/.local/share/caddy"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Application Support/Caddy"),
        ({"APPDATA": "/r"}, "win32", "/r/Caddy"),
        ({}, "linux", "caddy"),
        ({}, "win32", "caddy"),
    ],
)
def test_folder_of_caddy(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], platform: str, expected: str
) -> None:
    """What nobody has configured is where Caddy has it on each system."""
    for name in ("XDG_DATA_HOME", "HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)

    assert data_folder() == Path(expected)
