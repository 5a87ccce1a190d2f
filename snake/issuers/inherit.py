"""Inheritance: what a `tls` line says of an issuer, on top of the issuers that there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from snake.acme.challenges import Challenges
from snake.core.modules import Module
from snake.issuers.acme import ACME

ZEROSSL_DIRECTORY = "https://acme.zerossl.com/v2/DV90"

S = TypeVar("S", bound=msgspec.Struct)


def default_issuers(email: str) -> tuple[ACME, ...]:
    """Return those that are asked when none is named: a second one if there is an email."""
    fallback = (ACME(ca=ZEROSSL_DIRECTORY, email=email),) if email.strip() else ()
    return (ACME(), *fallback)


def implicit_issuers(own: ACME, issuers: Sequence[Module]) -> tuple[ACME, ...]:
    """Return the issuers of a line that only says some things about one.

    They are those of the global options that are ACME, or the default ones, or one if it
    names its authority.
    """
    bases = tuple(issuer for issuer in issuers if isinstance(issuer, ACME))
    bases = bases or ((ACME(),) if own.ca else default_issuers(own.email))
    return tuple(_merged(base, own) for base in bases)


def _merged(base: ACME, own: ACME) -> ACME:
    roots = dict.fromkeys((*base.trusted_roots_pem_files, *own.trusted_roots_pem_files))
    return replace(
        _over(base, own),
        trusted_roots_pem_files=(
            tuple(roots) if own.trusted_roots_pem_files else base.trusted_roots_pem_files
        ),
        challenges=_challenges(base.challenges, own.challenges),
    )


def _challenges(base: Challenges | None, own: Challenges | None) -> Challenges | None:
    if base is None or own is None:
        return base or own
    return replace(
        _over(base, own),
        http=_part(base.http, own.http),
        tls_alpn=_part(base.tls_alpn, own.tls_alpn),
        dns=_part(base.dns, own.dns),
    )


def _part(base: S | None, own: S | None) -> S | None:
    if base is None or own is None:
        return base if own is None else own
    return _over(base, own)


def _over(base: S, own: S) -> S:
    """Return a struct with every field that the other one sets."""
    empty = type(own)()
    fields = {name: getattr(own, name) for name in own.__struct_fields__}
    given = {name: value for name, value in fields.items() if value != getattr(empty, name)}
    return replace(base, **given)
