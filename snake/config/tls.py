"""`apps.tls`, and how a server's connections are encrypted.

Field names, meaning and order are Caddy's: https://caddyserver.com/docs/json/apps/tls/.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from snake.config.struct import Config, Duration, Guest
from snake.core.check import Checked
from snake.core.errors import ConfigError
from snake.core.namespace import In

_ALGORITHMS = ("rsa", "dsa", "ecdsa")


def _algorithm(text: str) -> None:
    if text.lower() not in _ALGORITHMS:
        raise ConfigError(
            f"unrecognized public key algorithm: {text} (expected one of {', '.join(_ALGORITHMS)})"
        )


SerialNumber = Annotated[str, msgspec.Meta(pattern=r"^[+-]?[0-9]+$")]
"""A number as text: it may be longer than the numbers of JSON."""


class CertificateSelection(Config):
    """Which of several certificates for a name is used."""

    serial_number: tuple[SerialNumber, ...] = ()
    subject_organization: tuple[str, ...] = ()
    public_key_algorithm: Annotated[str, Checked(_algorithm)] = ""
    any_tag: tuple[str, ...] = ()
    all_tags: tuple[str, ...] = ()


class ClientAuthentication(Config):
    """What is asked of a client's certificate."""

    ca: Annotated[Guest, In("tls.ca_pool.source", "provider")] = None
    trusted_ca_certs: tuple[str, ...] = ()
    trusted_ca_certs_pem_files: tuple[str, ...] = ()
    trusted_leaf_certs: tuple[str, ...] = ()
    verifiers: tuple[Annotated[msgspec.Raw, In("tls.client_auth.verifier", "verifier")], ...] = ()
    mode: str = ""


class ConnectionPolicy(Config):
    """How the connections that match are encrypted."""

    match: dict[str, Annotated[msgspec.Raw, In("tls.handshake_match")]] = {}
    certificate_selection: CertificateSelection | None = None
    cipher_suites: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    alpn: tuple[str, ...] = ()
    protocol_min: str = ""
    protocol_max: str = ""
    drop: bool = False
    client_authentication: ClientAuthentication | None = None
    default_sni: str = ""
    fallback_sni: str = ""
    insecure_secrets_log: str = ""
    handshake_context: Annotated[Guest, In("tls.context", "module")] = None


class AutomationPolicy(Config):
    """How the certificates of some subjects are had."""

    subjects: tuple[str, ...] = ()
    issuers: tuple[Annotated[msgspec.Raw, In("tls.issuance", "module")], ...] = ()
    get_certificate: tuple[Annotated[msgspec.Raw, In("tls.get_certificate", "via")], ...] = ()
    must_staple: bool = False
    renewal_window_ratio: float = 0
    key_type: str = ""
    storage: Annotated[Guest, In("caddy.storage", "module")] = None
    on_demand: bool = False
    reuse_private_keys: bool = False
    disable_ocsp_stapling: bool = False
    ocsp_overrides: dict[str, str] = {}


class OnDemand(Config):
    """Whether a certificate may be obtained during a handshake."""

    ask: str = ""
    permission: Annotated[Guest, In("tls.permission", "module")] = None


class Automation(Config):
    """How certificates are obtained and renewed."""

    policies: tuple[AutomationPolicy, ...] = ()
    on_demand: OnDemand | None = None
    ocsp_interval: Duration = 0
    renew_interval: Duration = 0
    storage_clean_interval: Duration = 0


class SessionTickets(Config):
    """How sessions are resumed."""

    key_source: Annotated[Guest, In("tls.stek", "provider")] = None
    rotation_interval: Duration = 0
    max_keys: int = 0
    disable_rotation: bool = False
    disabled: bool = False


class CertificateCache(Config):
    """How many certificates are kept in memory."""

    capacity: int = 0


class ECHConfiguration(Config, omit_defaults=False):
    """A name that is shown in the open part of a handshake."""

    public_name: str = ""


class ECHPublication(Config):
    """Where the keys of some configurations are published."""

    configs: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    publishers: dict[str, Annotated[msgspec.Raw, In("tls.ech.publishers")]] = {}


class ECH(Config):
    """Encrypted ClientHello."""

    configs: tuple[ECHConfiguration, ...] = ()
    publication: tuple[ECHPublication, ...] = ()


class TLSApp(Config):
    """The `tls` app."""

    certificates: dict[str, Annotated[msgspec.Raw, In("tls.certificates")]] = {}
    automation: Automation | None = None
    session_tickets: SessionTickets | None = None
    cache: CertificateCache | None = None
    disable_ocsp_stapling: bool = False
    disable_storage_check: bool = False
    disable_storage_clean: bool = False
    encrypted_client_hello: ECH | None = None
    dns: Annotated[Guest, In("dns.providers", "name")] = None
    resolvers: tuple[str, ...] = ()
