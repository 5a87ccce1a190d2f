"""Backends: the upstreams of a running proxy, and what is known of each."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakValueDictionary

from snake.core.dial import join_network, parse_network
from snake.core.errors import SnakeError
from snake.core.network import AddressError
from snake.http.request import Request
from snake.http.template import Template
from snake.metrics.figures import Figures
from snake.metrics.shared import Alone, Counts, Shared
from snake.proxy.contract import DialInfo

_REQUESTS, _FAILS = 0, 1


class Host:
    """What is known of one address, whichever proxies of a config use it."""

    __slots__ = ("__weakref__", "_counts", "_own")

    def __init__(self, counts: Counts | None = None) -> None:
        self._counts = counts or Alone(2)
        self._own = self._counts.own

    @property
    def requests(self) -> int:
        """Requests that it is answering, of all workers if it is known to all."""
        return int(self._counts.total(_REQUESTS))

    @property
    def fails(self) -> int:
        """Failures that count still: each for `fail_duration`."""
        return int(self._counts.total(_FAILS))

    def begin(self) -> None:
        """Count a request that it gets."""
        self._own[_REQUESTS] += 1

    def end(self) -> None:
        """Count a request no more."""
        self._own[_REQUESTS] -= 1

    def fail(self) -> None:
        """Count a failure."""
        self._own[_FAILS] += 1

    def forget(self) -> None:
        """Count a failure no more."""
        self._own[_FAILS] -= 1


class Hosts:
    """The hosts of one config, by their addresses as they are written, while any is in use."""

    def __init__(self) -> None:
        self._hosts: WeakValueDictionary[str, Host] = WeakValueDictionary()

    def get(self, dial: str, figures: Figures | None = None) -> Host:
        """Return the host of an address, the same for every proxy that names it so.

        With `figures` it is counted over all workers.
        """
        host = self._hosts.get(dial)
        if host is None:
            counts = Shared(figures, ("upstream", dial), 2) if figures is not None else None
            host = self._hosts[dial] = Host(counts)
        return host


class DialAddressError(SnakeError):
    """The address of an upstream is none, or more than one."""


class Backend:
    """One upstream of one proxy.

    Source: `Upstream` of Caddy's `reverseproxy`.
    """

    __slots__ = ("_verdict", "dial", "fill", "host", "max_fails", "max_requests")

    def __init__(self, dial: str, host: Host, *, max_requests: int = 0, max_fails: int = 0) -> None:
        self.dial = dial
        """The address as it is written, which stands for it wherever upstreams are told apart."""
        self.fill = _filler(dial)
        """Returns where it is, for a request. Raises `DialAddressError`."""
        self.host = host
        self.max_requests = max_requests
        """How many requests it may be answering at a time; 0 for any number."""
        self.max_fails = max_fails
        """The number of failures that makes it unavailable; 0 when none are counted."""
        self._verdict: Counts | None = None

    def judged_by(self, verdict: Counts) -> None:
        """Have it up or down as a number says, if it is the first of these or another worker's."""
        self._verdict = verdict

    @property
    def unhealthy(self) -> bool:
        """What active health checks have found."""
        return self._verdict is not None and self._verdict.total(0) > 0

    @unhealthy.setter
    def unhealthy(self, unhealthy: bool) -> None:
        if self._verdict is None:
            self._verdict = Alone(1)
        self._verdict.own[0] = float(unhealthy)

    @property
    def healthy(self) -> bool:
        """Whether neither its answers to checks nor those to requests speak against it."""
        return not (
            (self._verdict is not None and self.unhealthy)
            or (self.max_fails and self.host.fails >= self.max_fails)
        )

    @property
    def available(self) -> bool:
        """Whether it may get a request now."""
        full = self.max_requests and self.host.requests >= self.max_requests
        return not full and self.healthy


class Backends:
    """Makes the backends of one proxy."""

    def __init__(
        self,
        hosts: Hosts,
        *,
        max_requests: int = 0,
        max_fails: int = 0,
        figures: Figures | None = None,
    ) -> None:
        self._hosts = hosts
        self._figures = figures
        self._max_requests = max_requests
        self._max_fails = max_fails

    def make(self, dial: str) -> Backend:
        """Return the backend of an address that was looked up. Raises `DialAddressError`."""
        return self._made(dial, self._hosts.get(dial), self._max_requests)

    def make_lasting(self, dial: str, max_requests: int = 0) -> Backend:
        """Return the backend of an address in the config. Raises `DialAddressError`."""
        host = self._hosts.get(dial, self._figures)
        return self._made(dial, host, max_requests or self._max_requests)

    def _made(self, dial: str, host: Host, max_requests: int) -> Backend:
        return Backend(dial, host, max_requests=max_requests, max_fails=self._max_fails)


def _filler(dial: str) -> Callable[[Request], DialInfo]:
    """Compile an address. Raises `DialAddressError` for one without placeholders that is wrong."""
    template = Template(dial)
    if template.constant is not None:
        info = dial_info(template.constant)
        return lambda _: info
    return lambda request: dial_info(template.all(request))


def dial_info(text: str) -> DialInfo:
    """Read an address that placeholders are no longer in. Raises `DialAddressError`."""
    try:
        address = parse_network(text)
    except AddressError as error:
        raise DialAddressError(f"invalid dial address {text}: {error}") from None
    if address.end_port != address.start_port:
        count = address.end_port - address.start_port + 1
        raise DialAddressError(
            f"dial address must represent precisely one socket: {text} represents {count}"
        )
    port = str(address.start_port)
    where = join_network("", address.host, "" if address.is_unix or address.is_fd else port)
    return DialInfo(address.network, where, address.host, port)


def written(to: DialInfo) -> str:
    """Return an address as `{http.reverse_proxy.upstream.address}` gives it: `tcp/a:80`."""
    return join_network(to.network, to.host, to.port)
