"""Everything that ships with snake, in one table: names, and where each is defined.

Nothing is imported until a configuration names it, as with a plugin's entry
points. A test checks that every path leads somewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from snake.core.plugins import Table

if TYPE_CHECKING:
    from snake.adapter.catalogue import Catalogue

MODULES = {
    "http.handlers.copy_response": "snake.directives.copy_response:CopyResponse",
    "http.handlers.copy_response_headers": (
        "snake.directives.copy_response_headers:CopyResponseHeaders"
    ),
    "http.handlers.acme_server": "snake.directives.acme_server:ACMEServer",
    "http.handlers.authentication": "snake.directives.basic_auth:Authentication",
    "http.handlers.encode": "snake.directives.encode:Encode",
    "http.handlers.error": "snake.directives.error:StaticError",
    "http.handlers.file_server": "snake.directives.file_server:FileServer",
    "http.handlers.headers": "snake.directives.header:Headers",
    "http.handlers.intercept": "snake.directives.intercept:Intercept",
    "http.handlers.invoke": "snake.directives.invoke:Invoke",
    "http.handlers.log_append": "snake.directives.log_append:LogAppend",
    "http.handlers.map": "snake.directives.map:Map",
    "http.handlers.metrics": "snake.directives.metrics:Metrics",
    "http.handlers.push": "snake.directives.push:Push",
    "http.handlers.python": "snake.directives.python:Python",
    "http.handlers.reverse_proxy": "snake.directives.reverse_proxy:ReverseProxy",
    "http.handlers.request_body": "snake.directives.request_body:RequestBody",
    "http.handlers.rewrite": "snake.directives.rewrite:Rewrite",
    "http.handlers.static_response": "snake.directives.respond:StaticResponse",
    "http.handlers.subroute": "snake.http.subroute:Subroute",
    "http.handlers.templates": "snake.directives.templates:Templates",
    "http.handlers.timeouts": "snake.directives.timeouts:Timeouts",
    "http.handlers.tracing": "snake.directives.tracing:Tracing",
    "http.handlers.vars": "snake.directives.vars:Vars",
    "http.authentication.hashes.argon2id": "snake.auth.argon2id:Argon2id",
    "http.authentication.hashes.bcrypt": "snake.auth.bcrypt:Bcrypt",
    "http.authentication.providers.http_basic": "snake.auth.http_basic:HTTPBasic",
    "http.encoders.gzip": "snake.encoders.gzip:Gzip",
    "http.encoders.zstd": "snake.encoders.zstd:Zstd",
    "http.ip_sources.static": "snake.http.ip_sources:Static",
    "http.matchers.client_ip": "snake.matchers.client_ip:ClientIP",
    "http.matchers.expression": "snake.matchers.expression:Expression",
    "http.matchers.file": "snake.matchers.file:File",
    "http.matchers.header": "snake.matchers.header:Header",
    "http.matchers.header_regexp": "snake.matchers.header_regexp:HeaderRegexp",
    "http.matchers.host": "snake.matchers.host:Host",
    "http.matchers.method": "snake.matchers.method:Method",
    "http.matchers.not": "snake.matchers.not_:Not",
    "http.matchers.path": "snake.matchers.path:Path",
    "http.matchers.path_regexp": "snake.matchers.path_regexp:PathRegexp",
    "http.matchers.protocol": "snake.matchers.protocol:Protocol",
    "http.matchers.query": "snake.matchers.query:Query",
    "http.matchers.remote_ip": "snake.matchers.remote_ip:RemoteIP",
    "http.matchers.tls": "snake.matchers.tls:TLS",
    "http.matchers.url_pattern": "snake.matchers.url_pattern:URLPattern",
    "http.matchers.vars": "snake.matchers.vars:Vars",
    "http.matchers.vars_regexp": "snake.matchers.vars_regexp:VarsRegexp",
    "http.precompressed.br": "snake.files.precompressed:Brotli",
    "http.precompressed.gzip": "snake.files.precompressed:Gzip",
    "http.precompressed.zstd": "snake.files.precompressed:Zstd",
    "http.reverse_proxy.selection_policies.client_ip_hash": "snake.proxy.policies:ClientIPHash",
    "http.reverse_proxy.selection_policies.cookie": "snake.proxy.policies:CookieHash",
    "http.reverse_proxy.selection_policies.first": "snake.proxy.policies:First",
    "http.reverse_proxy.selection_policies.header": "snake.proxy.policies:HeaderHash",
    "http.reverse_proxy.selection_policies.ip_hash": "snake.proxy.policies:IPHash",
    "http.reverse_proxy.selection_policies.least_conn": "snake.proxy.policies:LeastConn",
    "http.reverse_proxy.selection_policies.query": "snake.proxy.policies:QueryHash",
    "http.reverse_proxy.selection_policies.random": "snake.proxy.policies:Random",
    "http.reverse_proxy.selection_policies.random_choose": "snake.proxy.policies:RandomChoose",
    "http.reverse_proxy.selection_policies.round_robin": "snake.proxy.policies:RoundRobin",
    "http.reverse_proxy.selection_policies.uri_hash": "snake.proxy.policies:URIHash",
    "http.reverse_proxy.selection_policies.weighted_round_robin": (
        "snake.proxy.policies:WeightedRoundRobin"
    ),
    "http.reverse_proxy.transport.fastcgi": "snake.proxy.fastcgi:FastCGITransport",
    "http.reverse_proxy.transport.http": "snake.proxy.http_transport:HTTPTransport",
    "http.reverse_proxy.upstreams.a": "snake.proxy.sources:A",
    "http.reverse_proxy.upstreams.multi": "snake.proxy.sources:Multi",
    "http.reverse_proxy.upstreams.srv": "snake.proxy.sources:SRV",
    "caddy.logging.cores.mock": "snake.logs.cores:Mock",
    "caddy.logging.encoders.append": "snake.logs.append:Append",
    "caddy.config_loaders.http": "snake.config.loaders:HTTP",
    "caddy.listeners.http_redirect": "snake.transport.wrappers:HTTPRedirect",
    "caddy.listeners.proxy_protocol": "snake.transport.wrappers:ProxyProtocol",
    "caddy.listeners.tls": "snake.transport.wrappers:TLS",
    "caddy.logging.encoders.console": "snake.logs.encoders:Console",
    "caddy.logging.encoders.filter": "snake.logs.filter:FilterEncoder",
    "caddy.logging.encoders.filter.cookie": "snake.logs.filters.cookies:Cookie",
    "caddy.logging.encoders.filter.delete": "snake.logs.filters.field:Delete",
    "caddy.logging.encoders.filter.hash": "snake.logs.filters.field:Hash",
    "caddy.logging.encoders.filter.ip_mask": "snake.logs.filters.ip_mask:IPMask",
    "caddy.logging.encoders.filter.multi_regexp": "snake.logs.filters.regexp:MultiRegexp",
    "caddy.logging.encoders.filter.query": "snake.logs.filters.query:Query",
    "caddy.logging.encoders.filter.regexp": "snake.logs.filters.regexp:Regexp",
    "caddy.logging.encoders.filter.rename": "snake.logs.filters.field:Rename",
    "caddy.logging.encoders.filter.replace": "snake.logs.filters.field:Replace",
    "caddy.logging.encoders.filter.set_cookie": "snake.logs.filters.cookies:SetCookie",
    "caddy.logging.encoders.journald": "snake.logs.journald:Journald",
    "caddy.logging.encoders.json": "snake.logs.encoders:JSON",
    "caddy.logging.writers.discard": "snake.logs.writers:Discard",
    "caddy.logging.writers.file": "snake.logs.file:File",
    "caddy.logging.writers.net": "snake.logs.net:Net",
    "caddy.logging.writers.stderr": "snake.logs.writers:Stderr",
    "caddy.logging.writers.stdout": "snake.logs.writers:Stdout",
    "caddy.network_proxy.none": "snake.proxy.network_proxy:NoProxy",
    "caddy.network_proxy.url": "snake.proxy.network_proxy:ProxyURL",
    "caddy.storage.file_system": "snake.tls.storage:FileSystem",
}
"""Module IDs."""

DIRECTIVES = {
    name: f"snake.directives.{name}:directive"
    for name in (
        "abort",
        "acme_server",
        "basic_auth",
        "basicauth",
        "bind",
        "copy_response",
        "copy_response_headers",
        "encode",
        "error",
        "file_server",
        "forward_auth",
        "fs",
        "handle",
        "handle_errors",
        "handle_path",
        "header",
        "intercept",
        "invoke",
        "log",
        "php_fastcgi",
        "log_append",
        "log_name",
        "log_skip",
        "map",
        "method",
        "metrics",
        "push",
        "python",
        "redir",
        "request_body",
        "request_header",
        "respond",
        "reverse_proxy",
        "rewrite",
        "root",
        "route",
        "skip_log",
        "templates",
        "timeouts",
        "tracing",
        "try_files",
        "uri",
        "vars",
    )
}
"""Directive names: what may begin a line inside a site."""

MATCHERS = {
    name: f"snake.matchers.{module}:matcher"
    for name, module in {
        "client_ip": "client_ip",
        "expression": "expression",
        "file": "file",
        "header": "header",
        "header_regexp": "header_regexp",
        "host": "host",
        "method": "method",
        "not": "not_",
        "path": "path",
        "path_regexp": "path_regexp",
        "protocol": "protocol",
        "query": "query",
        "remote_ip": "remote_ip",
        "tls": "tls",
        "url_pattern": "url_pattern",
        "vars": "vars",
        "vars_regexp": "vars_regexp",
    }.items()
}
"""Matcher names: what may begin a line of a named matcher."""

OPTIONS = {
    "admin": "snake.options.admin:admin",
    "auto_https": "snake.options.auto_https:auto_https",
    "debug": "snake.options.debug:debug",
    "default_bind": "snake.options.bind:default_bind",
    "events": "snake.options.events:events",
    "filesystem": "snake.options.filesystem:filesystem",
    "grace_period": "snake.options.shutdown:grace_period",
    "http_port": "snake.options.ports:http_port",
    "https_port": "snake.options.ports:https_port",
    "log": "snake.options.log:log",
    "metrics": "snake.options.metrics:metrics",
    "order": "snake.options.order:order",
    "persist_config": "snake.options.admin:persist_config",
    "pki": "snake.options.pki:pki",
    "servers": "snake.options.servers:servers",
    "shutdown_delay": "snake.options.shutdown:shutdown_delay",
    "skip_install_trust": "snake.options.pki:skip_install_trust",
    "storage": "snake.options.storage:storage",
}
"""Global option names: what may begin a line of the first block."""


def catalogue() -> Catalogue:
    """Return every word that a Caddyfile may use, those of installed plugins included."""
    # A worker has the table of modules, and no use for what reads Caddyfiles.
    from snake.adapter.catalogue import Catalogue  # noqa: PLC0415
    from snake.caddyfile.guests import Guests  # noqa: PLC0415
    from snake.core.modules import Registry  # noqa: PLC0415

    return Catalogue(
        Table(DIRECTIVES, "snake.directives"), MATCHERS, OPTIONS, Guests(Registry(MODULES))
    )
