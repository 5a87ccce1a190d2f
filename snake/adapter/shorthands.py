"""Short names of placeholders: `{path}` for `{http.request.uri.path}`."""

from __future__ import annotations

import re

from msgspec.structs import replace

from snake.caddyfile.segments import Segment, Token

WHOLE = {
    "host": "http.request.host",
    "hostport": "http.request.hostport",
    "port": "http.request.port",
    "orig_method": "http.request.orig_method",
    "orig_uri": "http.request.orig_uri",
    "orig_path": "http.request.orig_uri.path",
    "orig_dir": "http.request.orig_uri.path.dir",
    "orig_file": "http.request.orig_uri.path.file",
    "orig_query": "http.request.orig_uri.query",
    "orig_?query": "http.request.orig_uri.prefixed_query",
    "method": "http.request.method",
    "uri": "http.request.uri",
    "%uri": "http.request.uri_escaped",
    "path": "http.request.uri.path",
    "%path": "http.request.uri.path_escaped",
    "dir": "http.request.uri.path.dir",
    "file": "http.request.uri.path.file",
    "query": "http.request.uri.query",
    "%query": "http.request.uri.query_escaped",
    "?query": "http.request.uri.prefixed_query",
    "remote": "http.request.remote",
    "remote_host": "http.request.remote.host",
    "remote_port": "http.request.remote.port",
    "scheme": "http.request.scheme",
    "uuid": "http.request.uuid",
    "tls_cipher": "http.request.tls.cipher_suite",
    "tls_version": "http.request.tls.version",
    "tls_client_fingerprint": "http.request.tls.client.fingerprint",
    "tls_client_issuer": "http.request.tls.client.issuer",
    "tls_client_serial": "http.request.tls.client.serial",
    "tls_client_subject": "http.request.tls.client.subject",
    "tls_client_certificate_pem": "http.request.tls.client.certificate_pem",
    "tls_client_certificate_der_base64": "http.request.tls.client.certificate_der_base64",
    "upstream_hostport": "http.reverse_proxy.upstream.hostport",
    "client_ip": "http.vars.client_ip",
}
"""Short names and the whole ones."""

_WITH_NAME = {
    "header": "http.request.header",
    "cookie": "http.request.cookie",
    "labels": "http.request.host.labels",
    "path": "http.request.uri.path",
    "file": "http.request.uri.path.file",
    "query": "http.request.uri.query",
    "vars": "http.vars",
    "file_match": "http.matchers.file",
}
_WITH_DOTTED_NAME = {
    "re": "http.regexp",
    "rp": "http.reverse_proxy",
    "resp": "http.intercept",
    "err": "http.error",
}
PREFIXES = _WITH_NAME | _WITH_DOTTED_NAME
"""Short beginnings, before a dot and a name, and the whole ones."""

_SHORT = re.compile(
    rf"\{{(?:({'|'.join(map(re.escape, WHOLE))})"
    rf"|({'|'.join(_WITH_NAME)})\.([A-Za-z0-9_-]*)"
    rf"|({'|'.join(_WITH_DOTTED_NAME)})\.([A-Za-z0-9_.-]*))\}}"
)
_SHORT_OF = {full: f"{{{short}}}" for short, full in WHOLE.items()}


def short_name(placeholder: str) -> str:
    """Return the short name, in braces, of a placeholder; empty if it has none."""
    return _SHORT_OF.get(placeholder.strip("{}"), "")


def spell_out(line: Segment) -> Segment:
    """Return a line of a site, and the lines in it, with every placeholder's full name."""
    words, block, behind = line.words, line.block, line.behind
    for word in words:
        if "{" in word.text:
            words = tuple(map(_spell_out, words))
            break
    if block:
        block = tuple(map(spell_out, block))
    if behind:
        behind = tuple(map(spell_out, behind))
    elif words is line.words and block is line.block:
        return line
    return Segment(words, block, behind)


def _spell_out(word: Token) -> Token:
    text = _SHORT.sub(_full, word.text)
    return replace(word, text=text) if text != word.text else word


def _full(match: re.Match[str]) -> str:
    whole, prefix, name, dotted_prefix, dotted_name = match.groups()
    if whole:
        return f"{{{WHOLE[whole]}}}"
    return f"{{{PREFIXES[prefix or dotted_prefix]}.{name or dotted_name or ''}}}"
