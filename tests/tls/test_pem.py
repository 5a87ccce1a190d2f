"""PEM files, read as Go reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.tls.pem import PEMError, read_certificates

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CERTIFICATE, ["AAEC"]),
        (f"text before\n{CERTIFICATE}between\n{CERTIFICATE}", ["AAEC", "AAEC"]),
        (CERTIFICATE.replace("\n", "\r\n"), ["AAEC"]),
        (CERTIFICATE.replace("AAEC", "A A\tE C"), ["AAEC"]),
        (CERTIFICATE.replace("AAEC", "Kind: x\n\nAAEC"), ["AAEC"]),
        (f"-----BEGIN CERTIFICATE-----\n{CERTIFICATE}", ["AAEC"]),
        (CERTIFICATE.replace("AAEC", "!") + CERTIFICATE, ["AAEC"]),
    ],
)
def test_certificates(tmp_path: Path, text: str, expected: list[str]) -> None:
    """All certificates of a file are read; text around them and malformed ones are not."""
    file = tmp_path / "a.pem"
    file.write_text(text)

    assert read_certificates(str(file)) == expected


@pytest.mark.parametrize(
    "text", ["", "nothing", CERTIFICATE.replace("CERTIFICATE", "PRIVATE KEY"), "-----END A-----"]
)
def test_no_certificate(tmp_path: Path, text: str) -> None:
    """A file without a certificate, or with anything else, is refused."""
    file = tmp_path / "a.pem"
    file.write_text(text)

    with pytest.raises(PEMError, match="no CERTIFICATE pem block found in"):
        read_certificates(str(file))


def test_no_file(tmp_path: Path) -> None:
    """What cannot be read says why."""
    with pytest.raises(PEMError, match="No such file"):
        read_certificates(str(tmp_path / "none"))
    with pytest.raises(PEMError, match="Is a directory"):
        read_certificates(str(tmp_path))
    with pytest.raises(PEMError, match="null"):
        read_certificates("a\0b")
