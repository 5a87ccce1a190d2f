"""Imported: which distributions the workers of a configuration import.

An app in such a worker shares them: it cannot have another version. What only the command
line imports is not among them, for it is in no worker.
"""

from __future__ import annotations

from collections.abc import Iterator

_HTTP2 = ("h2", "hpack", "hyperframe")  # what reverse_proxy speaks to an upstream
_OTLP = (
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-common",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-proto",
    "opentelemetry-semantic-conventions",
    "googleapis-common-protos",
    "protobuf",
    "requests",
    "urllib3",
    "brotli",  # urllib3 uses what there is
    "zstandard",
    "certifi",
    "charset-normalizer",
    "idna",
)

_ENCRYPTION = (
    "aioquic",  # HTTP/3
    "attrs",
    "certifi",
    "cryptography",
    "cffi",
    "pylsqpack",
    "pyopenssl",
    "service-identity",
)

ALWAYS = ("msgspec", "httptools", "httpunk", "uvloop", "google-re2")
"""What any worker may import, and what is compiled: it can be in a process only once."""

BY_WORD: dict[str, tuple[str, ...]] = {
    "acme_server": ("josepy", "cryptography", "cffi"),
    "br": ("brotli",),
    "browse": ("jinja2", "markupsafe"),
    "dynamic_upstreams": ("dnspython",),
    "gzip": ("isal",),
    "http_basic": ("bcrypt", "argon2-cffi", "argon2-cffi-bindings", "cffi"),
    "metrics": ("prometheus-client",),
    "selection_policy": ("xxhash",),
    "templates": (
        "jinja2",
        "markupsafe",
        "markdown-it-py",
        "mdurl",
        "mdit-py-plugins",
        "linkify-it-py",
        "uc-micro-py",
        "pyyaml",
    ),
    "tracing": _OTLP,
    "otlp": _OTLP,
    "tls": _HTTP2,
    "tls_connection_policies": _ENCRYPTION,
    "url_pattern": ("urlpattern",),
    "versions": _HTTP2,
    "zstd": ("zstandard",),
}
"""What a configuration makes its workers import, by the name or key that stands in its JSON.

A word may stand there for something else: then an app is kept apart that need not be.
"""

TWICE = frozenset({"h11", "h2", "hpack", "hypercorn", "hyperframe", "priority", "wsproto"})
"""What Hypercorn brings. It is pure Python, and an app can have its own beside it (`clashes`)."""

MODULES = {
    "argon2-cffi": "argon2",
    "argon2-cffi-bindings": "_argon2_cffi_bindings",
    "attrs": "attr",
    "cffi": "_cffi_backend",
    "dnspython": "dns",
    "google-re2": "re2",
    "linkify-it-py": "linkify_it",
    "markdown-it-py": "markdown_it",
    "mdit-py-plugins": "mdit_py_plugins",
    "opentelemetry-api": "opentelemetry",
    "prometheus-client": "prometheus_client",
    "pyopenssl": "OpenSSL",
    "pyyaml": "yaml",
    "service-identity": "service_identity",
    "uc-micro-py": "uc_micro",
}
"""The module of a distribution that is not called as it is."""


def imported(document: bytes) -> Iterator[tuple[str, str]]:
    """Yield the distributions that the workers of an encoded document import, and what for.

    That is the word of the configuration; nothing for what every worker imports.
    """
    for name in ALWAYS:
        yield name, ""
    for word, names in BY_WORD.items():
        if f'"{word}"'.encode() in document:
            for name in names:
                yield name, word


def module_of(distribution: str) -> str:
    """Return the module by which a distribution is imported."""
    return MODULES.get(distribution, distribution)
