"""Automatic HTTPS: which names get certificates, which servers TLS, and where HTTP is redirected.

A function from config to config, before anything listens. What it adds is what Caddy adds to its
servers and policies when it starts, so that all that comes after does what the document says and
nothing else. Source: https://caddyserver.com/docs/automatic-https.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import msgspec
from msgspec.structs import replace

from snake.config.document import Apps, Document
from snake.config.http import AutoHTTPS, HTTPApp, Route, Server, ServerLogs
from snake.config.tls import Automation, ClientAuthentication, ConnectionPolicy, TLSApp
from snake.core.errors import ConfigError
from snake.core.hostname import ascii_name
from snake.core.network import AddressError, NetworkAddress
from snake.core.record import Record
from snake.core.surroundings import PlaceholderError, fill, fill_all, fill_known
from snake.http.ports import Ports, addresses_of, uses_other_port
from snake.http.protocols import protocols_at
from snake.http.redirects import ANY_HOST, Destinations, Inserted, with_redirects
from snake.tls.automation import (
    AlternatePorts,
    effective_policies,
    elsewhere,
    policies_without_sites,
    with_own_certificate,
)
from snake.tls.challenge import ACME_TLS
from snake.tls.subjects import qualifies

_SERVERS = "apps/http/servers"
_POLICIES = "apps/tls/automation/policies"
_PUBLIC_WILDCARD_DOTS = 2
"""Dots in the shortest name with a wildcard that clients trust: `*.example.com`."""


class Note(Record):
    """What is to be said in the log of what was decided."""

    level: int
    message: str
    fields: dict[str, Any] = {}


class Automatic(Record):
    """A document with all that automatic HTTPS adds to it."""

    document: Document
    names: tuple[str, ...] = ()
    """Those whose certificates are to be managed, in the order of the document."""
    regardless: frozenset[str] = frozenset()
    """Of these, those that are managed even if a certificate for them was loaded."""
    notes: tuple[Note, ...] = ()
    inserted: dict[str, Inserted] = {}
    """By server, how many redirects stand before which of its routes."""
    added: frozenset[int] = frozenset()
    """The indices of the automation policies that are not in the document."""

    def original_path(self, path: str) -> str:
        """Return where a place of this document is in the one that it was made from."""
        steps = path.split("/")
        if path.startswith(f"{_SERVERS}/") and steps[4:5] == ["routes"] and steps[5:]:
            inserted = self.inserted.get(steps[3], Inserted(0, 0))
            index = int(steps[5])
            if index >= inserted.at + inserted.count:
                steps[5] = str(index - inserted.count)
        elif path.startswith(f"{_POLICIES}/"):
            index = int(steps[4])
            steps[4] = str(index - sum(each < index for each in self.added))
        return "/".join(steps)


class _Part(Record):
    """How one server takes part."""

    server: Server
    hosts: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    """The hosts that want a certificate."""
    notes: tuple[Note, ...] = ()
    redirects: bool = False
    disabled: bool = False


def _nothing(_: str) -> bool:
    return False


def automatic(document: Document, has_certificate: Callable[[str], bool] = _nothing) -> Automatic:
    """Return a document with what automatic HTTPS adds. Raises `ConfigError`.

    `has_certificate` tells of which names a certificate is loaded, by hand and not managed.
    """
    apps = document.apps or Apps()
    app = apps.http or HTTPApp()
    ports = Ports.of(app)
    app = _placed(app)
    parts = {name: _part(ports, name, app.servers[name]) for name in sorted(app.servers)}
    regardless = {
        host: None
        for part in parts.values()
        if part.server.automatic_https and part.server.automatic_https.ignore_loaded_certificates
        for host in part.wanted
    }
    policies = apps.tls.automation.policies if apps.tls and apps.tls.automation else ()
    wanted = dict.fromkeys(
        host
        for part in parts.values()
        for host in part.wanted
        if host in regardless or not has_certificate(host)
    )
    managed = wanted.keys() - elsewhere(wanted, policies)
    redirected = with_redirects(
        {name: _negotiated(parts[name].server) for name in app.servers},
        ports,
        _destinations(ports, parts),
        _logs(parts),
        before_others=bool(managed),
    )
    always = _automated(apps.tls)
    tls, added = apps.tls, frozenset[int]()
    if tls is not None or any(part.server.tls_connection_policies for part in parts.values()):
        if wanted or not all(part.disabled for part in parts.values()):
            ports_of = AlternatePorts(app.http_port, app.https_port)
            made = effective_policies(policies, tuple(wanted), ports_of)
        else:
            made = policies_without_sites(policies, always)
        tls = tls or TLSApp()
        automation = replace(tls.automation or Automation(), policies=made.policies)
        tls, added = replace(tls, automation=automation), made.added
    http = replace(app, servers=redirected.servers) if apps.http is not None else None
    return Automatic(
        replace(document, apps=replace(apps, http=http, tls=tls)) if document.apps else document,
        with_own_certificate([host for host in wanted if host in managed], always),
        frozenset((*regardless, *always)),
        tuple(note for part in parts.values() for note in part.notes),
        redirected.inserted,
        added,
    )


def _placed(app: HTTPApp) -> HTTPApp:
    """Return an app whose addresses have values for placeholders, as in `fd/{env.HTTPS_FD}`.

    Raises `ConfigError`.
    """
    servers = dict(app.servers)
    for name, server in app.servers.items():
        if any("{" in address for address in server.listen):
            try:
                listen = tuple(map(fill, server.listen))
            except PlaceholderError as error:
                raise ConfigError(str(error), f"{_SERVERS}/{name}/listen") from None
            servers[name] = replace(server, listen=listen)
    return replace(app, servers=servers)


def _part(ports: Ports, name: str, server: Server) -> _Part:
    """Decide for one server."""
    policy = server.automatic_https or AutoHTTPS()
    server = _strict(server)
    if policy.disable:
        return _Part(server, disabled=True)
    addresses = _addresses(name, server)
    if not uses_other_port(addresses, ports.http):
        return _Part(server, disabled=True)
    if not uses_other_port(addresses, ports.https):
        server = _secured(server)
    hosts = _hosts(name, server, policy)
    if not hosts and not server.tls_connection_policies:
        return _Part(server)
    fields = {"server": name}
    notes: list[Note] = []
    wanted: tuple[str, ...] = ()
    if policy.disable_certificates:
        message = "no certificates are managed for this server, since that is disabled"
        notes.append(Note(logging.WARNING, message, fields))
    else:
        skip = frozenset(map(ascii_name, policy.skip_certificates))
        wanted = tuple(host for host in hosts if qualifies(host) and host not in skip)
        notes += [_distrusted(host) for host in wanted if _is_distrusted(host)]
    if policy.disable_redirects:
        notes.append(Note(logging.INFO, "HTTP is not redirected to HTTPS", fields))
    redirects = not policy.disable_redirects
    return _Part(_secured(server), hosts, wanted, tuple(notes), redirects)


def _secured(server: Server) -> Server:
    """Return a server that has TLS, unless it says that it has none."""
    if server.tls_connection_policies is not None:
        return server
    return replace(server, tls_connection_policies=(ConnectionPolicy(),))


_ALPN = {"h2": "h2", "h1": "http/1.1"}
_DEFAULT_ALPN = ("h2", "http/1.1")


def _negotiated(server: Server) -> Server:
    """Return a server whose clients are offered the protocols that it speaks, and no others."""
    spoken = {each for index in range(len(server.listen)) for each in protocols_at(server, index)}
    silent = {name for protocol, name in _ALPN.items() if protocol not in spoken}
    if not silent or not server.tls_connection_policies:
        return server
    policies = tuple(
        replace(policy, alpn=_without(policy.alpn or _DEFAULT_ALPN, silent))
        for policy in server.tls_connection_policies
    )
    return replace(server, tls_connection_policies=policies)


def _without(alpn: tuple[str, ...], silent: set[str]) -> tuple[str, ...]:
    """Return what is left; none would mean the default, but challenges are always answered."""
    return tuple(name for name in alpn if name not in silent) or (ACME_TLS,)


def _strict(server: Server) -> Server:
    """Return a server that compares SNI and Host, if a client's certificate lets it in.

    Else it would be let in by the policy of one name, and ask for another.
    """
    asks = any(
        policy.client_authentication not in (None, ClientAuthentication())
        for policy in server.tls_connection_policies or ()
    )
    if server.strict_sni_host is not None or not asks:
        return server
    return replace(server, strict_sni_host=True)


def _addresses(name: str, server: Server) -> list[NetworkAddress]:
    try:
        return addresses_of(server)
    except AddressError as error:
        raise ConfigError(str(error), f"{_SERVERS}/{name}/listen") from None


def _hosts(name: str, server: Server, policy: AutoHTTPS) -> tuple[str, ...]:
    """Return all hosts that a server's own routes are for, but those that are left out."""
    skip = frozenset(map(ascii_name, policy.skip))
    hosts: dict[str, None] = {}
    for place, host in _host_matchers(server.routes):
        try:
            filled = ascii_name(fill_known(host))
        except PlaceholderError as error:
            raise ConfigError(str(error), f"{_SERVERS}/{name}/{place}") from None
        if filled not in skip:
            hosts[filled] = None
    return tuple(hosts)


def _host_matchers(routes: tuple[Route, ...]) -> Iterator[tuple[str, str]]:
    """Yield each host with its place. What is no list of texts its matcher refuses."""
    sets = (
        (f"routes/{route_index}/match/{set_index}/host", matchers["host"])
        for route_index, route in enumerate(routes)
        for set_index, matchers in enumerate(route.match)
        if "host" in matchers
    )
    for place, raw in sets:
        hosts: Any = msgspec.json.decode(raw)
        if isinstance(hosts, list):
            yield from ((place, host) for host in hosts if isinstance(host, str))


def _is_distrusted(host: str) -> bool:
    return "*" in host and host.strip(".").count(".") < _PUBLIC_WILDCARD_DOTS


def _distrusted(host: str) -> Note:
    return Note(
        logging.WARNING,
        "most clients do not trust a certificate with a wildcard below a top-level domain",
        {"name": host},
    )


def _destinations(ports: Ports, parts: Mapping[str, _Part]) -> Destinations:
    destinations = Destinations(ports)
    redirected = [(name, part) for name, part in parts.items() if part.redirects]
    for name, part in redirected:
        hosts = part.hosts or (ANY_HOST,)
        for address, host in product(_addresses(name, part.server), hosts):
            destinations.add(host, address)
    return destinations


def _logs(parts: Mapping[str, _Part]) -> ServerLogs | None:
    """Return the settings for the log of the server that has only redirects: the last ones."""
    logs = [
        part.server.logs
        for part in parts.values()
        if part.server.logs is not None and part.server.tls_connection_policies
    ]
    return logs[-1] if logs else None


def _automated(tls: TLSApp | None) -> tuple[str, ...]:
    """Return the names that have a certificate of their own, whatever else there is."""
    if tls is None or "automate" not in tls.certificates:
        return ()
    names: Any = msgspec.json.decode(tls.certificates["automate"])
    path = "apps/tls/certificates/automate"
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError("expected a list of names", path)
    filled = [ascii_name(fill_all(name)) for name in names]
    for index, name in enumerate(filled):
        if not qualifies(name):
            raise ConfigError(f"{name!r}: there can be no certificate for this", f"{path}/{index}")
    return tuple(dict.fromkeys(filled))
