"""Signing: the certificates that an authority makes, in every field as Caddy makes them.

Source: RFC 5280 §4, and what Caddy writes; `tests/pki` compares the two.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from snake.pki.pair import Key, Pair

Hash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512

ROOT_LIFETIME = 3600 * 24 * 3600.0
"""Seconds: ten years of twelve months of thirty days."""

_SERIAL_BITS = 128
_ASKED_FOR = (ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ExtensionOID.TLS_FEATURE)
"""What a signing request may bring. Above all it may not ask to be an authority."""


def new_root(name: str, now: float) -> Pair:
    """Return a certificate that signs itself, with a new key. Raises `ValueError` for no name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _common_name(name)
    builder = _authority(subject, subject, key, length=1)
    return Pair((_sign(builder, now, now + ROOT_LIFETIME, key),), key)


def new_intermediate(name: str, root: Pair, now: float, end: float) -> Pair:
    """Return a certificate that a root has signed, valid until `end`, with a new key.

    The root has a key. Raises `ValueError` for no name.
    """
    assert root.key is not None  # noqa: S101  (the caller has looked)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _authority(_common_name(name), root.certificate.subject, key, length=0)
    builder = _under(builder, root.certificate)
    return Pair((_sign(builder, now, end, root.key),), key)


def new_leaf(
    request: x509.CertificateSigningRequest,
    names: Sequence[str],
    issuer: Pair,
    now: float,
    end: float,
) -> x509.Certificate:
    """Return the certificate for a signing request, valid until `end`.

    It is for `names`, or for those that stand in the request if there are none here. With them,
    the common name is all that is taken of the request's subject. The issuer has a key. Raises
    `ValueError` for a request or name that cannot be.
    """
    assert issuer.key is not None  # noqa: S101  (the caller has looked)
    public = request.public_key()
    subject = _only_common_name(request.subject) if names else request.subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(public)
        .add_extension(_leaf_usage(rsa=isinstance(public, rsa.RSAPublicKey)), critical=True)
        .add_extension(_EXTENDED_USAGE, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    builder = _under(builder, issuer.certificate)
    # With no subject, the names must be understood (RFC 5280 §4.2.1.6).
    nameless = not list(subject)
    for extension in _asked(request, names):
        alternative = isinstance(extension, x509.SubjectAlternativeName)
        builder = builder.add_extension(extension, critical=alternative and nameless)
    return _sign(builder, now, end, issuer.key)


def _asked(
    request: x509.CertificateSigningRequest, names: Sequence[str]
) -> Iterable[x509.ExtensionType]:
    if names:
        yield alternative_names(names)
    for extension in request.extensions:
        replaced = names and extension.oid == ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        if extension.oid in _ASKED_FOR and not replaced:
            yield extension.value


def alternative_names(names: Iterable[str]) -> x509.SubjectAlternativeName:
    """Return the extension for names and addresses. Raises `ValueError` for one not in ASCII."""
    return x509.SubjectAlternativeName([_general_name(name) for name in names])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _only_common_name(subject: x509.Name) -> x509.Name:
    return x509.Name(subject.get_attributes_for_oid(NameOID.COMMON_NAME))


def _authority(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, length: int
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .add_extension(_AUTHORITY_USAGE, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
        .add_extension(identifier, critical=False)
    )


def _under(builder: x509.CertificateBuilder, issuer: x509.Certificate) -> x509.CertificateBuilder:
    """Name the key of the issuer, if its own certificate does."""
    try:
        found = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return builder
    identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(found)
    return builder.add_extension(identifier, critical=False)


def _sign(builder: x509.CertificateBuilder, begin: float, end: float, key: Key) -> x509.Certificate:
    return (
        builder.serial_number(secrets.randbits(_SERIAL_BITS) or 1)
        .not_valid_before(datetime.fromtimestamp(int(begin), UTC))
        .not_valid_after(datetime.fromtimestamp(int(end), UTC))
        .sign(key, _hash(key))
    )


_HASHES: dict[int, Hash] = {384: hashes.SHA384(), 521: hashes.SHA512()}
"""Of the larger curves, by their bits."""


def _hash(key: Key) -> Hash | None:
    """Return the hash that fits a key, as Go chooses it."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _HASHES.get(key.curve.key_size, hashes.SHA256())
    return hashes.SHA256()


def _usage(*, sign: bool = False, encipher: bool = False, certify: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=encipher,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certify,
        crl_sign=certify,
        encipher_only=False,
        decipher_only=False,
    )


def _leaf_usage(*, rsa: bool) -> x509.KeyUsage:
    return _usage(sign=True, encipher=rsa)


_EXTENDED_USAGE = x509.ExtendedKeyUsage(
    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
)
_AUTHORITY_USAGE = _usage(certify=True)
