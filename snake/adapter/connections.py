"""Connections: the policies of how the TLS connections of each server are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from snake.adapter.addresses import Ports
from snake.adapter.connection import Connection
from snake.adapter.directive import TLSValue
from snake.adapter.https import automatic_https, check_schemes, is_automatic, wants_tls
from snake.adapter.listening import AdaptedSite, Listening
from snake.adapter.merging import merge
from snake.config.tls import ConnectionPolicy
from snake.tls.subjects import patterns


class Connections:
    """Makes the policies of all servers of a document."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._ports = Ports.of(options)
        self._options = options
        self._default_sni: str = options.get("default_sni", "")
        self._fallback_sni: str = options.get("fallback_sni", "")
        self._found: dict[int, Connection] = {}

    def build(self, servers: Sequence[Listening]) -> list[tuple[ConnectionPolicy, ...]]:
        """Return the policies of each server. Raises `CaddyfileError`."""
        made = [self._of(server) for server in servers]
        return [tuple(policy.config() for policy in policies) for policies in made]

    def _of(self, server: Listening) -> list[Connection]:
        policies: list[Connection] = []
        plain: list[Connection] = []
        for_all_names = False
        for site in server.sites:
            for policy, counts, has_hosts in self._site(site):
                if counts:
                    policies.append(policy)
                    for_all_names = not has_hosts
                elif has_hosts:
                    plain.append(policy)
        check_schemes(server.listen, server.sites, self._ports, encrypted=bool(policies))
        policies = _shielded(policies, plain)
        automatic = automatic_https(server.listen, server.sites, self._options, self._ports)
        default = ConnectionPolicy(default_sni=self._default_sni, fallback_sni=self._fallback_sni)
        told = policies or default != ConnectionPolicy()
        if (
            not for_all_names
            and (told or not is_automatic(server.sites, automatic, self._ports))
            and wants_tls(server.sites, automatic, self._ports)
        ):
            policies.append(Connection(settings=default))
        return merge(policies)

    def _site(self, site: AdaptedSite) -> Iterator[tuple[Connection, bool, bool]]:
        """Yield the policies of a site, and of each whether it says more, and any, names.

        A policy of a site that is for every host here may have names all the same: those
        of the site's addresses on a server before.
        """
        hosts = sorted(site.hosts)
        forced = any(line.force_automate for line in site.results.tls)
        for line in site.results.tls:
            policy = self._found.setdefault(id(line), _connection(line))
            self._name(policy, hosts)
            yield policy, not policy.empty or (forced and bool(hosts)), bool(hosts)
        exact = tuple(host for host in hosts if "*" not in host)
        if exact and not site.results.tls:
            yield Connection(names=exact), False, True

    def _name(self, policy: Connection, hosts: list[str]) -> None:
        """Say which names a policy is for; a handshake without a name may be one of them.

        The hosts then have the empty name too, for the site's next policy as well.
        """
        for host in tuple(hosts):
            if host == self._default_sni:
                hosts.append("")
                policy.set(default_sni=self._default_sni)
                break
            if host == self._fallback_sni:
                hosts.append("")
                policy.set(fallback_sni=self._fallback_sni)
                break
        hosts.sort()
        if hosts:
            policy.names = tuple(hosts)
        else:
            policy.set(default_sni=self._default_sni, fallback_sni=self._fallback_sni)


def _connection(line: TLSValue) -> Connection:
    selection = line.policy.certificate_selection
    return Connection(
        token=line.token,
        settings=replace(line.policy, certificate_selection=None),
        tags=list(selection.any_tag) if selection else None,
    )


def _shielded(policies: Sequence[Connection], plain: Sequence[Connection]) -> list[Connection]:
    """Put before each wildcard's client authentication what spares the sites that ask for none.

    Those get a policy for their own names that is the same in everything else.
    """
    first: dict[str, int] = {}
    for at, policy in enumerate(policies):
        asks = policy.settings.client_authentication is not None
        for name in policy.names or () if asks else ():
            if "*" in name:
                first.setdefault(name.lower(), at)
    spared: dict[int, set[str]] = {}
    for name in (name for policy in plain if first for name in policy.names or ()):
        covering = [first[pattern] for pattern in patterns(name) if pattern in first]
        if covering:
            spared.setdefault(min(covering), set()).add(name)
    shielded: list[Connection] = []
    for at, policy in enumerate(policies):
        if at in spared:
            settings = replace(policy.settings, client_authentication=None)
            shielded.append(
                Connection(policy.token, tuple(sorted(spared[at])), settings, policy.tags)
            )
        shielded.append(policy)
    return shielded
