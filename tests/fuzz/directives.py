"""Every directive of Caddy's, with the ways to write it."""

from __future__ import annotations

from tests.fuzz.certificates import SITE_TLS
from tests.fuzz.forms import ALWAYS, Form, OneOf
from tests.fuzz.logs import SITE_LOG

HEADER_UP: tuple[Form, ...] = (
    "header_up (X-A|+X-A) <text>",
    "header_up -X-Gone",
    "header_up X-A <re> <text>",
    "header_up Host {upstream_hostport}",
    "header_down (X-A|+X-A|>X-A) <text>",
    "header_down -Server",
    "header_down X-A <re> <text>",
)
HEALTH: tuple[Form, ...] = (
    "health_uri /health",
    "health_port <n>",
    "health_interval <dur>",
    "health_timeout <dur>",
    "health_status (200|2xx|204)",
    "health_body <re>",
    "health_method (GET|HEAD)",
    "health_passes <n>",
    "health_fails <n>",
    "health_follow_redirects",
    "health_request_body <text>",
    ("health_headers", ("X-A <text>", "Host <host>")),
    "health_upstream 127.0.0.1:53",
)
BALANCE: tuple[Form, ...] = (
    OneOf(
        "lb_policy (random|first|round_robin|least_conn|ip_hash|client_ip_hash|uri_hash)",
        "lb_policy random_choose 2",
        "lb_policy weighted_round_robin 1 2",
        ("lb_policy header X-A", ("fallback (first|random)",)),
        "lb_policy query key",
        ("lb_policy cookie [lb [secret]]", ("fallback first", "max_age <dur>")),
    ),
    "lb_retries <n>",
    "lb_try_duration <dur>",
    "lb_try_interval <dur>",
    ("lb_retry_match", ("method <method>...", "path /x*")),
    "lb_retry_match method <method>",
    "fail_duration <dur>",
    "max_fails <n>",
    "unhealthy_status (5xx|404 500)",
    "unhealthy_latency <dur>",
    "unhealthy_request_count <n>",
)
HTTP_TRANSPORT: tuple[Form, ...] = (
    "read_buffer <size>",
    "write_buffer <size>",
    "read_timeout <dur>",
    "write_timeout <dur>",
    "max_response_header <size>",
    "proxy_protocol (v1|v2)",
    "dial_timeout <dur>",
    "dial_fallback_delay <dur>",
    "response_header_timeout <dur>",
    "expect_continue_timeout <dur>",
    "resolvers <ip>...",
    "tls",
    "tls_insecure_skip_verify",
    "tls_timeout <dur>",
    "tls_server_name <host>",
    "tls_renegotiation (never|once|freely)",
    "tls_except_ports 8181 8182",
    "tls_curves <curve>",
    "tls_client_auth /c.pem /k.pem",
    "keepalive (off|<dur>)",
    "keepalive_interval <dur>",
    "keepalive_idle_conns <n>",
    "keepalive_idle_conns_per_host <n>",
    "versions (1.1|1.1 2|h2c 2)",
    "compression off",
    "max_conns_per_host <n>",
    "local_address 127.0.0.1",
    "network_proxy none",
)
STREAM: tuple[Form, ...] = (
    "flush_interval (-1|<dur>)",
    "request_buffers (<size>|unlimited)",
    "response_buffers (<size>|unlimited)",
    "stream_timeout <dur>",
    "stream_close_delay <dur>",
    "trusted_proxies <cidr>...",
    "verbose_logs",
    "method <method>",
    "rewrite <uri>",
)
RESPONSES: tuple[Form, ...] = (
    "replace_status <status>",
    ("handle_response", ("respond <text> <status>", "header <field> <text>")),
)
REVERSE_PROXY: tuple[Form, ...] = (
    *HEADER_UP,
    *HEALTH,
    *BALANCE,
    *STREAM,
    *RESPONSES,
    "to <up>...",
    ("transport http", HTTP_TRANSPORT),
    ("dynamic a app.internal 80", ("refresh <dur>", "resolvers <ip>...", "dial_timeout <dur>")),
    ("dynamic srv _http._tcp.app", ("refresh <dur>", "service x", "proto tcp", "name app")),
)

DIRECTIVES: dict[str, tuple[Form, ...]] = {
    "abort": ("abort <m>",),
    "acme_server": (
        (
            "acme_server <m>",
            (
                "ca <name>",
                "lifetime <dur>",
                "sign_with_root",
                "resolvers <ip>...",
                "challenges (http-01|tls-alpn-01 dns-01)",
                "allow_wildcard_names",
                ("allow", ("domains <host>...", "ip_ranges 10.0.0.0/8")),
                ("deny", ("domains <host>...", "ip_ranges 10.0.0.0/8")),
            ),
        ),
    ),
    "basic_auth": (
        ("(basic_auth|basicauth) <m> [bcrypt [realm]]", ("bob <hash>", "alice <hash>")),
    ),
    "encode": (
        "encode <m> [zstd] [gzip]",
        (
            "encode <m>",
            (
                "gzip [5]",
                "zstd [better]",
                "minimum_length 1024",
                ("match", ("status 2xx 404", "header Content-Type text/*")),
            ),
        ),
    ),
    "error": ("error <m> <status>", "error <m> <text> [<status>]"),
    "file_server": (
        "file_server <m> [browse]",
        (
            "file_server <m>",
            (
                "root <path>",
                "hide <word>...",
                "index <word>...",
                ("browse", ("reveal_symlinks", "sort (name|size|time) [asc|desc]")),
                "precompressed [br] [gzip]",
                "status <status>",
                "disable_canonical_uris",
                "pass_thru",
                "etag_file_extensions .md5",
            ),
        ),
    ),
    "forward_auth": (
        ("forward_auth <m> <up>", (ALWAYS + "uri /auth", "copy_headers A B>C", *HEADER_UP)),
        ("forward_auth <m> <up>", (ALWAYS + "uri /verify?rd={uri}", *BALANCE, *STREAM)),
    ),
    "fs": ("fs <m> <name>",),
    "header": (
        "header <m> <op> <text>",
        "header <m> -X-*",
        "header <m> X-A <re> <text>",
        ("header <m>", ("<op> <text>", "-<field>", "X-A <re> <text>", "defer", "?X-D <text>")),
        ("header <m>", ("<field> <text>", "+<field> <text>", ("match", ("status 4xx 200",)))),
    ),
    "intercept": (
        (
            "intercept <m>",
            (
                ("handle_response", ("respond <text>",)),
                "replace_status <status>",
                ("@nope", ("status 4xx", "header X-A *b*")),
                "@s status 500 503",
            ),
        ),
    ),
    "log_append": ("log_append <m> <word> <text>", "log_append <m> <word> <ph>"),
    "log_name": ("log_name <m> <name>...",),
    "log_skip": ("(log_skip|skip_log) <m>",),
    "map": (
        (
            "map <m> <ph> {mapped}",
            ("/a <text>", "~<re> <text>", "default <text>", "/n 10", "/t true", "/d -"),
        ),
    ),
    "method": ("method <m> <method>",),
    "metrics": (("metrics <m>", ("disable_openmetrics",)),),
    "php_fastcgi": (
        (
            "php_fastcgi <m> <up>",
            (
                "root <path>",
                "split .php .php5",
                "env A <text>",
                "index (off|app.php)",
                "try_files {path} {path}/index.php =404",
                "resolve_root_symlink",
                "dial_timeout <dur>",
                "read_timeout <dur>",
                "write_timeout <dur>",
                "capture_stderr",
                *HEADER_UP,
                *BALANCE,
            ),
        ),
    ),
    "push": (
        "push <m> /res.css",
        ("push <m>", ("/a.css", "GET /b.js", ("headers", ("X-A b",)))),
    ),
    "redir": (
        "redir <m> <url> [permanent|temporary|html|301|308]",
        "redir * <url> (permanent|temporary|html|301|308)",
    ),
    "request_body": (("request_body <m>", ("max_size <size>", "set <text>")),),
    "request_header": (
        "request_header <m> (X-A|+X-A) <text>",
        "request_header <m> -<field>",
        "request_header <m> X-A <re> <text>",
    ),
    "respond": (
        "respond <m> <text> [<status>]",
        "respond <m> <status>",
        ("respond <m> <status>", ("body <text>", "close")),
    ),
    "reverse_proxy": (
        "reverse_proxy <m> <up>...",
        "reverse_proxy <m> <sup>...",
        "reverse_proxy <m> <hup>",
        ("reverse_proxy <m> <up>...", REVERSE_PROXY),
        ("reverse_proxy <m> <sup>", REVERSE_PROXY),
        ("reverse_proxy <m>", ("to <up>...", *HEADER_UP)),
    ),
    "rewrite": ("rewrite <m> <uri>",),
    "root": ("root <m> <path>", "root * <path>", "root <path>"),
    "templates": (
        (
            "templates <m>",
            ("mime <mime>...", "between {{ }}", "root <path>"),
        ),
    ),
    "timeouts": (
        (
            "timeouts <m>",
            ("read_timeout 30s [1000]", "write_timeout 5m", "max_write_chunk <size>"),
        ),
    ),
    "tracing": (("tracing <m>", ("span x", ("span_attributes", ("a b", "c {path}")))),),
    "try_files": (
        "try_files <file>...",
        ("try_files <file>...", ("policy (first_exist|smallest_size|most_recently_modified)",)),
    ),
    "uri": (
        "uri <m> strip_prefix /x",
        "uri <m> strip_suffix .html",
        "uri <m> replace a b [3]",
        "uri <m> path_regexp /{2,} /",
        "uri <m> query (-a|+b c|d>e|f g)",
        ("uri <m> query", ("a b", "+c d", "-e", "f>g", "h ~x y")),
    ),
    "vars": ("vars <m> <name> <text>", ("vars <m>", ("a <text>", "b 10", "c true"))),
}

SITE_ONLY: dict[str, tuple[Form, ...]] = {
    "bind": ("bind 127.0.0.1 ::1", ("bind 127.0.0.2", ("protocols h1 h2",))),
    "log": SITE_LOG,
    "tls": SITE_TLS,
}
"""What stands directly in a site, without a matcher."""

MATCHERS: tuple[Form, ...] = (
    "path /a /b/* *.php",
    "path_regexp [name] <re>",
    "host <host>...",
    "method <method>...",
    "header <field> <text>",
    "header !X-None",
    "header_regexp [name] X-A <re>",
    "query a=b c=*",
    "protocol (http|https|grpc|http/2+)",
    "remote_ip <cidr>...",
    "client_ip <cidr>...",
    "expression <cel>",
    "file <file>",
    ("file", ("root <path>", "try_files <file>...", "try_policy smallest_size", "split_path .php")),
    "vars <name> a b",
    "vars_regexp [name] {vars.a} <re>",
    "tls [early_data]",
    ("url_pattern /books/:id", ("base_url https://a.com", "ignore_case")),
    "not <cel>",
    ("not", ("path /n", "method <method>")),
    "not path /x",
    "not host <host>",
)
