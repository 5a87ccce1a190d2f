"""The options pki and skip_install_trust."""

from __future__ import annotations

from typing import Any

import pytest

from tests.options.adapted import document, refusal


def authorities(options: str, site: str = ":80 {\n}") -> Any:
    """Return the certificate authorities of a document."""
    return document(options, site)["apps"]["pki"]["certificate_authorities"]


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        ("name A", {"name": "A"}),
        ("root_cn A", {"root_common_name": "A"}),
        ("intermediate_cn A", {"intermediate_common_name": "A"}),
        ("intermediate_lifetime 1d", {"intermediate_lifetime": 864 * 10**11}),
        ("maintenance_interval 1m", {"maintenance_interval": 6 * 10**10}),
        ("renewal_window_ratio 0.5", {"renewal_window_ratio": 0.5}),
        ("renewal_window_ratio 1.0", {"renewal_window_ratio": 1}),
        (
            "root {\ncert a\nkey b\nformat c\n}",
            {"root": {"certificate": "a", "private_key": "b", "format": "c"}},
        ),
        (
            "intermediate {\ncert a\n}\nintermediate {\nkey b\n}",
            {"intermediate": {"certificate": "a", "private_key": "b"}},
        ),
        ("root", {"root": {}}),
        ("name A root_cn B", {"name": "A", "root_common_name": "B"}),
    ],
)
def test_each_has_its_field(lines: str, fields: dict[str, Any]) -> None:
    """Every line writes a field of the authority."""
    assert authorities(f"pki {{\nca {{\n{lines}\n}}\n}}") == {"local": fields}


def test_authorities_have_names() -> None:
    """Without a name it is the local one; of two of one name the last counts."""
    found = authorities('pki {\nca a {\nname A\n}\nca ""\nca a {\nname B\n}\n}')
    assert found == {"a": {"name": "B"}, "local": {}}


def test_last_option_counts() -> None:
    """A second `pki` takes the place of the first; nobody reads a block behind an argument."""
    assert authorities("pki {\nca a\n}\npki {\nca b\n}") == {"b": {}}
    assert "apps" not in document("pki x {\nca a\n}", "")


def test_trust_store_can_be_left_alone() -> None:
    """Nothing is installed of any authority; of the local one, if there is no other."""
    assert authorities("skip_install_trust") == {"local": {"install_trust": False}}
    assert authorities("skip_install_trust\npki {\nca a\n}") == {"a": {"install_trust": False}}


def test_without_https_there_is_no_authority() -> None:
    """Where there are no certificates, the local authority is not made up."""
    apps = document("skip_install_trust\nauto_https off")["apps"]
    assert "pki" not in apps


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("pki {\nauthority\n}", "pki: unrecognized subdirective: authority"),
        ("pki {\nca a b\n}", "ca takes one id"),
        ("pki {\nca {\nnam A\n}\n}", 'did you mean "name"?'),
        ("pki {\nca {\nname\n}\n}", "name takes one text"),
        ("pki {\nca {\nintermediate_lifetime 1\n}\n}", "invalid duration"),
        ("pki {\nca {\nmaintenance_interval\n}\n}", "maintenance_interval takes a duration"),
        ("pki {\nca {\nrenewal_window_ratio 0\n}\n}", "expected a number in (0, 1], got 0"),
        ("pki {\nca {\nrenewal_window_ratio nan\n}\n}", "expected a number in (0, 1], got nan"),
        ("pki {\nca {\nrenewal_window_ratio x\n}\n}", '"x" is no number'),
        ("pki {\nca {\nroot {\ncrt a\n}\n}\n}", 'did you mean "cert"?'),
        ("pki {\nca {\nintermediate {\nkey\n}\n}\n}", "key takes one argument"),
    ],
)
def test_wrong_authority_is_refused(options: str, message: str) -> None:
    """What cannot be says what was expected."""
    assert message in refusal(options)
