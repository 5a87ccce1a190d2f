"""Every global option of Caddy's, with the ways to write it."""

from __future__ import annotations

from tests.fuzz.certificates import OPTION_CERTIFICATES
from tests.fuzz.forms import ALWAYS, Form, OneOf
from tests.fuzz.logs import OPTION_LOG

_ADDRESS = "(:443|:80|:8080|127.0.0.1:80)"
_PAIR: tuple[Form, ...] = ("cert /c.pem", "key /k.pem", "format pem_file")
_WRAPPERS: tuple[Form, ...] = (
    (
        "proxy_protocol",
        (
            "timeout <dur>",
            "allow <cidr>...",
            "deny <cidr>...",
            "fallback_policy (use|ignore|REJECT|Require|skip)",
        ),
    ),
    "http_redirect",
    "tls",
)
_TIMEOUTS: tuple[Form, ...] = (
    "read_body <dur>",
    "read_body_idle <dur> [<n>]",
    "read_header <dur>",
    "write <dur>",
    "write_idle <dur> [<n>]",
    "write_max_chunk <size>",
    "idle <dur>",
    "idle <dur> write <dur>",
)
_SERVER: tuple[Form, ...] = (
    "protocols (h1 h2|h1 h2c|h1 h2 h3|h1)",
    "strict_sni_host [on|insecure_off]",
    "trusted_proxies static <cidr>...",
    "trusted_proxies_strict",
    "trusted_proxies_unix",
    "client_ip_headers X-Real-IP [X-Forwarded-For]",
    "max_header_size <size>",
    "log_credentials",
    "trace",
    "enable_full_duplex",
    "keepalive_interval <dur>",
    "keepalive_idle <dur>",
    "keepalive_count <n>",
    "keepalive_count <n> trace",
    "expected_underscore_headers <field>...",
    "expected_dot_headers <field>...",
    "0rtt off",
    ("metrics", ("per_host",)),
    ("timeouts", _TIMEOUTS),
    ("listener_wrappers", _WRAPPERS),
)
_CA: tuple[Form, ...] = (
    "name <text>",
    "root_cn <text>",
    "intermediate_cn <text>",
    "intermediate_lifetime <dur>",
    "maintenance_interval <dur>",
    "renewal_window_ratio (0.25|1|1e-7|.5)",
    ("root", _PAIR),
    ("intermediate", _PAIR),
)
_OF_SERVERS: tuple[Form, ...] = (
    (f"servers [{_ADDRESS}]", _SERVER),
    (f"servers {_ADDRESS}", ("name web", *_SERVER)),
    ("metrics", ("per_host", "observe_catchall_hosts", "otlp")),
    "http_port 8080",
    "https_port 8443",
    "grace_period <dur>",
    "shutdown_delay <dur>",
    "default_bind 127.0.0.1 [::1]",
    ("default_bind 127.0.0.2", ("protocols h1 h2",)),
)
OPTIONS: tuple[Form, ...] = (
    *_OF_SERVERS,
    *OPTION_CERTIFICATES,
    *OPTION_LOG,
    "debug",
    "auto_https (off|disable_redirects|disable_certs ignore_loaded_certs)",
    ("pki", (("ca [other]", _CA),)),
    "events",
    OneOf("storage file_system <path>", ("storage file_system", (ALWAYS + "root <path>",))),
    "persist_config off",
    ("admin [(off|localhost:2020)]", ()),
    ("admin localhost:2020", ("origins a b", "enforce_origin")),
)
