"""The forms of `tls` and of the options about certificates."""

from __future__ import annotations

from tests.fuzz.forms import ALWAYS, Form, OneOf

ACME: tuple[Form, ...] = (
    "test_dir https://test.acme/dir",
    "email <email>",
    "profile short",
    "timeout <dur>",
    "lifetime <dur>",
    "disable_http_challenge",
    "disable_tlsalpn_challenge",
    "distributed false",
    "alt_http_port (0|8080)",
    "alt_tlsalpn_port 8443",
    "eab <word> <word>",
    "trusted_roots /a.pem /b.pem",
    "dns",
    "propagation_delay <dur>",
    "propagation_timeout (-1|<dur>)",
    "resolvers <ip>...",
    "dns_ttl <dur>",
    "dns_challenge_override_domain <host>",
    OneOf(
        "preferred_chains smallest",
        ("preferred_chains", (ALWAYS + "root_common_name a b", "root_common_name c")),
        ("preferred_chains", (ALWAYS + "any_common_name a",)),
    ),
)
ISSUERS = (
    "acme [https://acme.test/dir]",
    "internal",
    ("acme https://acme.test/dir", ACME),
    ("acme", (*ACME, "dir https://acme.test/other")),
    ("internal", ("ca <name>", "lifetime <dur>", "sign_with_root")),
    ("zerossl <word>", ("alt_http_port 8080", "dns_ttl <dur>", "resolvers <ip>...")),
)
POOLS = (
    "system",
    "file /a.pem [/b.pem]",
    "pki_root <name>...",
    "pki_intermediate local",
    "storage <word>...",
    "http https://a.test/ca",
    ("inline", (ALWAYS + "trust_der AAAA BBBB", "trust_der CCCC")),
    ("file", (ALWAYS + "pem_file /c.pem", "pem_file /d.pem /e.pem")),
    ("storage <word>", ("keys <word>...", "storage file_system /data")),
    (
        "http https://a.test/ca",
        (
            "endpoints https://b.test/ca",
            (
                "tls",
                (
                    "ca system",
                    "insecure_skip_verify",
                    "handshake_timeout <dur>",
                    "server_name <host>",
                    "renegotiation (never|once|freely)",
                ),
            ),
        ),
    ),
    ("combined", (ALWAYS + "source system", ("source inline", (ALWAYS + "trust_der AAAA",)))),
)


def _under(word: str, forms: tuple[Form, ...]) -> OneOf:
    """Return forms of modules with the word before each that takes one."""
    lines = [f"{word} {form}" for form in forms if isinstance(form, str)]
    blocks = [(f"{word} {form[0]}", form[1]) for form in forms if isinstance(form, tuple)]
    return OneOf(*lines, *blocks)


CLIENT_AUTH: tuple[Form, ...] = (
    "mode (request|require|verify_if_given|require_and_verify)",
    OneOf(_under("trust_pool", POOLS), "trusted_ca_cert AAAA"),
    "trusted_leaf_cert <word>",
    OneOf(
        "verifier leaf file /a.pem /b.pem",
        ("verifier leaf", ("file /a.pem", "folder /x /y", "pem AAAA")),
    ),
)
CONNECTION: tuple[Form, ...] = (
    "protocols (tls1.2|tls1.3|tls1.2 tls1.3)",
    "ciphers <cipher>...",
    "curves <curve>...",
    "alpn (h2|http/1.1|h2 http/1.1)",
    "insecure_secrets_log /x.log",
    ("client_auth", CLIENT_AUTH),
)
CERTIFICATE: tuple[Form, ...] = (
    "on_demand",
    "key_type (p256|ed25519|rsa2048)",
    "renewal_window_ratio (0.5|.25)",
    "reuse_private_keys",
    "load /certs [/more]",
    "get_certificate (tailscale|http https://a.test)",
)
SITE_TLS: tuple[Form, ...] = (
    "tls (internal|force_automate|<email>|/c.pem /k.pem)",
    ("tls (internal|force_automate|<email>|/c.pem /k.pem)", (*CONNECTION, *CERTIFICATE)),
    ("tls <email>", ("ca https://acme.test/dir", "ca_root /r.pem", "eab <word> <word>")),
    ("tls", (ALWAYS + "on_demand", _under("issuer", ISSUERS), *CONNECTION)),
    ("tls", (ALWAYS + "alpn h2", _under("issuer", ISSUERS), "issuer internal", *CERTIFICATE)),
)

OPTION_CERTIFICATES: tuple[Form, ...] = (
    "email <email>",
    "acme_ca https://acme.test/dir",
    "acme_ca_root /r.pem",
    ("acme_eab", ("key_id a", "mac_key b")),
    "local_certs",
    _under("cert_issuer", ISSUERS),
    "skip_install_trust",
    "key_type (p256|rsa2048)",
    "cert_lifetime <dur>",
    "renewal_window_ratio 0.3",
    "default_sni (<host>|s0.example.com)",
    "fallback_sni (<host>|s1.example.com)",
    "storage_clean_interval (off|<dur>)",
    "storage_check off",
    "ocsp_stapling off",
    "renew_interval <dur>",
    "ocsp_interval <dur>",
    "tls_resolvers <ip>...",
    "ech <host>...",
    ("preferred_chains", (ALWAYS + "root_common_name x y",)),
    OneOf(
        ("on_demand_tls", (ALWAYS + "ask http://localhost/ask",)),
        ("on_demand_tls", (ALWAYS + "permission http http://localhost/ask",)),
    ),
)
