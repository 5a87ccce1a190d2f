"""tls: how the site's connections are encrypted, and where its certificates come from.

Syntax::

    tls [internal | force_automate | <email> | <cert_file> <key_file>] {
        protocols   <min> [<max>]
        ciphers     <cipher_suites...>
        curves      <curves...>
        alpn        <protocols...>
        load        <folders...>
        client_auth {
            mode       request | require | verify_if_given | require_and_verify
            trust_pool <pool> ...
            verifier   <verifier> ...
        }
        insecure_secrets_log <file>
        issuer          <issuer> ...
        get_certificate <manager> ...
        on_demand
        reuse_private_keys
        key_type             ed25519 | p256 | p384 | rsa2048 | rsa4096
        renewal_window_ratio <ratio>
        ca      <directory_url>
        ca_root <pem_file>
        eab     <key_id> <mac_key>
        dns     [<provider> ...]
        resolvers           <dns_servers...>
        propagation_delay   <duration>
        propagation_timeout <duration>
        dns_ttl             <duration>
        dns_challenge_override_domain <domain>
    }

Issuers: acme, internal, zerossl. Managers: http, tailscale. What is said of an ACME issuer
without `issuer` goes for those of the option `cert_issuer`, or for the default ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from snake.acme.challenges import TIMES, read_provider, read_time
from snake.config.tls import CertificateSelection, ConnectionPolicy
from snake.core.suggest import suggestion
from snake.issuers.acme import ACME
from snake.issuers.inherit import implicit_issuers
from snake.issuers.internal import Internal
from snake.plugin import (
    Directive,
    Fields,
    Loaded,
    MatcherArg,
    Module,
    Scope,
    Segment,
    TLSValue,
    Token,
    Words,
    subdirectives,
    to_json,
)
from snake.tls.certificates import FilePair, Tags
from snake.tls.client_auth import read_client_auth
from snake.tls.parameters import CIPHER_SUITES, CURVES, PROTOCOLS, known, read_ratio


class Reading:
    """What one `tls` line has said so far."""

    def __init__(self, line: Segment, scope: Scope) -> None:
        self.line = line
        self.scope = scope
        self.policy: dict[str, Any] = {}
        self.settings: dict[str, Any] = {}
        # What is said of an ACME issuer without `issuer`.
        self.acme = Fields()
        self.internal = False
        self.issuers: list[Module] = []
        self.managers: list[msgspec.Raw] = []
        self.files: list[msgspec.Raw] = []
        self.folders: list[str] = []
        self.implying: list[Token] = []
        """Subdirectives and arguments that are about an issuer without naming it."""
        self.need_provider: list[Token] = []


def parse(line: Segment, scope: Scope) -> TLSValue:
    """Read a `tls` line."""
    reading = Reading(line, scope)
    _read_arguments(reading)
    for sub in subdirectives(line, SUBDIRECTIVES):
        if sub.name in IMPLYING:
            reading.implying.append(sub.token)
        if sub.name in DNS_SETTINGS:
            reading.need_provider.append(sub.token)
        if sub.name in TIMES:
            time = read_time(sub, sub.only("a duration"))
            reading.acme.set(f"challenges/dns/{TIMES[sub.name]}", time)
        else:
            READERS[sub.name](sub, reading)
    if not line.args and not line.lines:
        line.fail(
            "tls takes arguments or a block", "to have certificates of your own: tls internal"
        )
    _check_provider(reading)
    loaded = [
        Loaded("load_files", tuple(reading.files)),
        Loaded("load_folders", tuple(map(_text, reading.folders))),
    ]
    return TLSValue(
        line.words[0],
        ConnectionPolicy(**reading.policy),
        issuers=_issuers(reading),
        managers=tuple(reading.managers),
        loaded=tuple(each for each in loaded if each.items),
        **reading.settings,
    )


def _text(text: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(text))


def _read_arguments(reading: Reading) -> None:
    match reading.line.args:
        case []:
            pass
        case [Token(text="internal") as word]:
            reading.internal = True
            reading.implying.append(word)
        case [Token(text="force_automate")]:
            reading.settings["force_automate"] = True
        case [word]:
            if "@" not in word.text:
                word.fail(
                    "the single argument of tls must be 'internal', 'force_automate' or an email "
                    f"address, got '{word}'{suggestion(word.text, ALONE)}"
                )
            reading.acme.set("email", word.text)
            reading.implying.append(word)
        case [certificate, key]:
            tag, new = reading.scope.shared(Tags).of(certificate.text)
            if new:
                pair = FilePair(certificate.text, key.text, tags=(tag,))
                reading.files.append(msgspec.Raw(msgspec.json.encode(pair)))
            reading.policy["certificate_selection"] = CertificateSelection(any_tag=(tag,))
        case [_, _, excess, *_] as given:
            excess.fail(f"tls takes at most two arguments, got {len(given)}")


def _check_provider(reading: Reading) -> None:
    options = reading.scope.options
    own = reading.acme.get("challenges/dns/provider")
    providers = (own, options.get("dns"), options.get("acme_dns"))
    if reading.need_provider and not any(isinstance(each, msgspec.Raw) for each in providers):
        names = ", ".join(token.text for token in reading.need_provider)
        reading.need_provider[0].fail(
            f"setting DNS challenge options [{names}] requires a DNS provider "
            "(set with the 'dns' subdirective or 'acme_dns' global option)",
            "snake brings no DNS provider; a plugin does",
        )


def _issuers(reading: Reading) -> tuple[Module, ...]:
    """Return the issuers that are written out, or those that the line implies."""
    acme = reading.acme.values
    if reading.issuers and (reading.internal or acme):
        reading.implying[0].fail(
            "cannot mix issuer subdirective (explicit issuers) with other issuer-specific "
            "subdirectives (implicit issuers)",
            "what is said of an issuer that is named stands in the block of 'issuer'",
        )
    if reading.internal and acme:
        reading.implying[1].fail(
            "cannot create both ACME and internal certificate issuers",
            "'internal' is one issuer, and what this line is about is another",
        )
    if reading.internal:
        return (Internal(),)
    if acme:
        options = reading.scope.options
        return implicit_issuers(msgspec.convert(acme, ACME), options.get("cert_issuer", ()))
    return tuple(reading.issuers)


def _protocols(sub: Words, reading: Reading) -> None:
    lowest, *highest = sub.some("one or two versions")
    reading.policy["protocol_min"] = known(lowest, PROTOCOLS, "protocol")
    if highest:
        reading.policy["protocol_max"] = known(highest[0], PROTOCOLS, "protocol")


def _ciphers(sub: Words, reading: Reading) -> None:
    suites = tuple(known(word, CIPHER_SUITES, "cipher suite") for word in sub.all())
    reading.policy["cipher_suites"] = (*reading.policy.get("cipher_suites", ()), *suites)


def _curves(sub: Words, reading: Reading) -> None:
    curves = tuple(known(word, CURVES, "curve") for word in sub.all())
    reading.policy["curves"] = (*reading.policy.get("curves", ()), *curves)


def _alpn(sub: Words, reading: Reading) -> None:
    reading.policy["alpn"] = tuple(word.text for word in sub.some("protocols"))


def _load(sub: Words, reading: Reading) -> None:
    reading.folders += [word.text for word in sub.all()]


def _client_auth(sub: Words, reading: Reading) -> None:
    scope = reading.scope
    reading.policy["client_authentication"] = read_client_auth(sub.rest(), scope.guests, scope.warn)


def _secrets_log(sub: Words, reading: Reading) -> None:
    reading.policy["insecure_secrets_log"] = sub.take("a file").text


def _issuer(sub: Words, reading: Reading) -> None:
    reading.issuers.append(reading.scope.guests.read(sub.guest(), "tls.issuance"))


def _get_certificate(sub: Words, reading: Reading) -> None:
    manager = reading.scope.guests.read(sub.guest(), "tls.get_certificate")
    reading.managers.append(to_json(manager, "via"))


def _key_type(sub: Words, reading: Reading) -> None:
    reading.settings["key_type"] = sub.only("a type of key").text


def _ratio(sub: Words, reading: Reading) -> None:
    ratio = read_ratio(sub.only("a ratio"))
    # Caddy takes `nan`, and has no ratio then.
    if ratio > 0:
        reading.settings["renewal_window_ratio"] = ratio


def _flag(sub: Words, reading: Reading) -> None:
    sub.none()
    reading.settings[sub.name] = True


def _ca(sub: Words, reading: Reading) -> None:
    reading.acme.set("ca", sub.only("the URL of a directory").text)


def _ca_root(sub: Words, reading: Reading) -> None:
    roots = reading.acme.get("trusted_roots_pem_files") or ()
    reading.acme.set("trusted_roots_pem_files", (*roots, sub.only("a PEM file").text))


def _eab(sub: Words, reading: Reading) -> None:
    key_id, mac_key = sub.exactly(2, "a key ID and a MAC key")
    reading.acme.set("external_account", {"key_id": key_id.text, "mac_key": mac_key.text})


def _dns(sub: Words, reading: Reading) -> None:
    reading.acme.make("challenges/dns")
    if sub.has_arguments:
        provider = read_provider(sub, reading.scope.guests)
        reading.acme.set("challenges/dns/provider", provider)
    elif reading.scope.options.get("dns") is None:
        sub.token.fail("dns takes a provider, unless the option 'dns' sets one for all sites")


def _resolvers(sub: Words, reading: Reading) -> None:
    words = sub.some("addresses")
    reading.acme.set("challenges/dns/resolvers", [word.text for word in words])


def _override_domain(sub: Words, reading: Reading) -> None:
    reading.acme.set("challenges/dns/override_domain", sub.only("a domain").text)


READERS: dict[str, Callable[[Words, Reading], None]] = {
    "protocols": _protocols,
    "ciphers": _ciphers,
    "curves": _curves,
    "alpn": _alpn,
    "load": _load,
    "client_auth": _client_auth,
    "insecure_secrets_log": _secrets_log,
    "issuer": _issuer,
    "get_certificate": _get_certificate,
    "on_demand": _flag,
    "reuse_private_keys": _flag,
    "key_type": _key_type,
    "renewal_window_ratio": _ratio,
    "ca": _ca,
    "ca_root": _ca_root,
    "eab": _eab,
    "dns": _dns,
    "resolvers": _resolvers,
    "dns_challenge_override_domain": _override_domain,
}
ALONE = ("internal", "force_automate")
"""Words that stand alone on a line."""
DNS_SETTINGS = ("resolvers", *TIMES, "dns_challenge_override_domain")
IMPLYING = ("ca", "ca_root", "eab", "dns", *DNS_SETTINGS)
SUBDIRECTIVES = (*READERS, *TIMES)

directive = Directive("tls", parse, matcher=MatcherArg.NONE)
