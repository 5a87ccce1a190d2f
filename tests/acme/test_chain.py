"""Chains: which one is used of those that are offered, and what is no chain."""

from __future__ import annotations

import base64
import random
import textwrap
import time
import warnings

import pytest
from cryptography import x509

from snake.acme.chain import Chain, preferred, read_chain
from snake.acme.chains import ChainPreference
from snake.acme.resources import NonsenseError
from tests.acme.issuing import Asked
from tests.acme.lying_ca import LyingCA

SHORT = Chain("https://ca/1", "short", ("Intermediate A", "Root A"))
LONG = Chain("https://ca/2", "much longer", ("Intermediate B", "Intermediate C", "Root B"))
LONGEST = Chain("https://ca/3", "the longest of all", ("Intermediate A", "Root C"))
CHAINS = (LONG, SHORT, LONGEST)


@pytest.mark.parametrize(
    ("preference", "chosen"),
    [
        (None, LONG),
        (ChainPreference(), LONG),
        (ChainPreference(smallest=True), SHORT),
        (ChainPreference(smallest=False), LONGEST),
        (ChainPreference(root_common_name=("Root C",)), LONGEST),
        (ChainPreference(root_common_name=("Nobody", "Root A")), SHORT),
        (ChainPreference(root_common_name=("Intermediate C",)), LONG),
        (ChainPreference(any_common_name=("Intermediate A",)), SHORT),
        (ChainPreference(any_common_name=("Intermediate A",), smallest=False), LONGEST),
        (ChainPreference(any_common_name=("Nobody",)), LONG),
    ],
)
def test_the_chain_that_is_preferred(preference: ChainPreference | None, chosen: Chain) -> None:
    """It is the smallest, or the first with a name; else the first that is offered."""
    assert preferred(CHAINS, preference) is chosen


def test_a_spoiled_certificate_is_nonsense() -> None:
    """A certificate of which any byte is another one is the same for us, or nonsense."""
    asked = Asked("a.example.com")
    whole = LyingCA(0).issue(x509.load_der_x509_csr(asked.csr)).encode()
    der = base64.b64decode(b"".join(whole.splitlines()[1:-1]))
    chance = random.Random(7)
    refused = 0
    for _ in range(1000):
        spoiled = bytearray(der)
        for _ in range(chance.choice((1, 1, 2, 8))):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        text = "\n".join(textwrap.wrap(base64.b64encode(spoiled).decode(), 64))
        pem = f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n".encode()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of `cryptography`, about what it still reads
            try:
                read_chain("https://ca/", pem, asked.names, asked.csr, time.time())
            except NonsenseError:
                refused += 1
    assert refused > 300


def test_a_chain_of_any_length_is_nonsense() -> None:
    """A chain of more certificates than there can be is not read."""
    asked = Asked("a.example.com")
    whole = LyingCA(0).issue(x509.load_der_x509_csr(asked.csr)).encode()
    with pytest.raises(NonsenseError, match="got 21 in PEM"):
        read_chain("https://ca/", whole * 21, asked.names, asked.csr, time.time())
