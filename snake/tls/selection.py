"""Selection: which of the certificates of a ring a client gets (certmagic: `handshake.go`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snake.config.tls import CertificateSelection
from snake.core.record import Record
from snake.tls.certificate import Certificate, host_of
from snake.tls.hello import Hello
from snake.tls.ring import Ring
from snake.tls.subjects import patterns

_TLS13 = 0x0304
_ECDSA = frozenset({0x0403, 0x0503, 0x0603, 0x0203})
_RSA_PSS = frozenset({0x0804, 0x0805, 0x0806})
_RSA = _RSA_PSS | {0x0401, 0x0501, 0x0601, 0x0201}
_ED25519 = frozenset({0x0807})
"""Signature schemes (RFC 8446 §4.2.3)."""
_ECDSA_SUITES = frozenset({0xC009, 0xC00A, 0xC02B, 0xC02C, 0xCCA9})
_RSA_SUITES = frozenset({0xC013, 0xC014, 0xC02F, 0xC030, 0xCCA8})
"""Cipher suites of TLS 1.2 by the key of the certificate."""


class Picked(Record):
    """What was found, and whether it is what was asked for rather than a default."""

    certificate: Certificate | None
    matched: bool


class Wanted(Record):
    """What a policy says of certificates."""

    selection: CertificateSelection | None = None
    default_name: str = ""
    """For clients that ask for no name."""
    fallback_name: str = ""
    """For names that there is no certificate for."""


def pick(ring: Ring, wanted: Wanted, hello: Hello, local_ip: str, now: float) -> Picked:
    """Return the certificate for a client."""
    if hello.server_name:
        names: Iterable[str] = patterns(hello.server_name)
    else:
        names = (local_ip,) if local_ip else ()
    for name in names:
        found = _select(ring, wanted.selection, hello, name, now)
        if found is not None:
            return Picked(found, matched=True)
    defaults = (wanted.default_name if not hello.server_name else "", wanted.fallback_name)
    for name in filter(None, defaults):
        found = _select(ring, wanted.selection, hello, host_of(name), now)
        if found is not None:
            return Picked(found, matched=False)
    return Picked(None, matched=False)


def _select(
    ring: Ring, selection: CertificateSelection | None, hello: Hello, name: str, now: float
) -> Certificate | None:
    """Return one of the certificates for a name. If there are none, a selection sees them all."""
    choices: Sequence[Certificate] = ring.called(name)
    if selection is not None:
        choices = [each for each in choices or ring if _fits(selection, each)]
    return best(choices, hello, now)


def best(choices: Sequence[Certificate], hello: Hello, now: float) -> Certificate | None:
    """Return the first that the client can take and that is valid, or else the next best."""
    if len(choices) <= 1:
        return choices[0] if choices else None
    second = choices[0]
    for each in choices:
        if not _can_take(hello, each):
            continue
        second = each
        if each.not_before <= now <= each.not_after:
            return each
    return second


def _fits(selection: CertificateSelection, certificate: Certificate) -> bool:
    tags = set(certificate.tags)
    serials = selection.serial_number
    organizations = set(selection.subject_organization)
    algorithm = selection.public_key_algorithm.lower()
    return (
        (not serials or int(certificate.serial) in map(int, serials))
        and (not organizations or not organizations.isdisjoint(certificate.organizations))
        and (not algorithm or certificate.algorithm == algorithm)
        and (not selection.any_tag or not tags.isdisjoint(selection.any_tag))
        and tags.issuperset(selection.all_tags)
    )


def _can_take(hello: Hello, certificate: Certificate) -> bool:
    """Whether the client can verify signatures of this kind, in a version it speaks."""
    schemes = hello.signature_algorithms
    algorithm = certificate.algorithm
    if _TLS13 in hello.versions:
        needed = {"ecdsa": _ECDSA, "rsa": _RSA_PSS, "ed25519": _ED25519}.get(algorithm)
        return needed is not None and not needed.isdisjoint(schemes)
    if algorithm == "rsa":
        suites, needed = _RSA_SUITES, _RSA
    else:
        suites, needed = _ECDSA_SUITES, _ED25519 if algorithm == "ed25519" else _ECDSA
    # Who says nothing of signatures can do what TLS 1.2 began with (RFC 5246 §7.4.1.4.1).
    known = not schemes or not needed.isdisjoint(schemes)
    return known and not suites.isdisjoint(hello.cipher_suites)
