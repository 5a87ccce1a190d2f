"""Request: one request on its way down the routes.

It wraps the ASGI scope, which stays the truth: a rewrite changes the scope, so
whatever app ends the chain sees the request as the routes left it. What takes
work to know (the host, the clean path) is computed when first asked for and
forgotten when the URI changes. One object is made per request on the hot path,
so it holds no dictionary until someone needs one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from snake.core.hostport import split_port
from snake.http.paths import clean, escape_path, is_encoded
from snake.http.trusted_proxies import Arrival, peer_ip
from snake.metrics.sites import Site
from snake.transport.asgi import TARGET, Receive, Scope, decode_path

_SECURE = frozenset({"https", "wss"})


class Original(NamedTuple):
    """The request line as it came, before any rewrite."""

    method: str
    raw_path: bytes
    query: bytes
    path: str


class Proxied(Protocol):
    """What is known of a request that is passed on to an upstream."""

    def value(self, name: str) -> object:
        """Return the value of `http.reverse_proxy.<name>`, or `None` when it is not known."""
        ...


class Ending(Protocol):
    """What is to hear of a request's end."""

    def ended(self) -> None:
        """Hear that all is done."""
        ...

    def failed(self) -> tuple[Iterable[str], dict[str, Any]]:
        """Return the names of the loggers that hear of a failure, and what they are told."""
        ...


class Body(Protocol):
    """The body, where placeholders tell what is in it."""

    @property
    def text(self) -> str:
        """What was held of it, as text."""
        ...

    @property
    def base64(self) -> str:
        """What was held of it, in base64."""
        ...

    async def hold(self, request: Request) -> None:
        """Read it, so that it can be told, and read again."""
        ...


class Request:
    """One request: scope, variables, and what matchers and handlers leave for later ones."""

    __slots__ = (
        "_clean",
        "_host",
        "_vars",
        "arrival",
        "body",
        "early",
        "error",
        "groups",
        "log_fields",
        "original",
        "prefix",
        "proxied",
        "receive",
        "record",
        "scope",
        "sent",
        "site",
        "started",
        "values",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.started = perf_counter()
        """When the request came, in seconds of `time.perf_counter`."""
        self.site: Site | None = None
        """The site whose route has taken it; `None` where that is for every host."""
        self._vars: dict[str, Any] | None = None
        self._clean: str | None = None
        self._host: str | None = None
        self.values: dict[str, Any] | None = None
        """Placeholders set on the way, such as `http.regexp.*`; see `set_value`."""
        self.groups: set[str] | None = None
        """Route groups of which a route has matched already."""
        self.early: list[tuple[bytes, bytes]] | None = None
        """Response headers set before anything answered; names in lower case."""
        self.sent: list[tuple[bytes, bytes]] | None = None
        """The response's headers after that, if any were set early."""
        self.log_fields: dict[str, Any] | None = None
        """Fields for the access log: `log_append`."""
        self.record: Ending | None = None
        """What is to hear of the request's end, if it is logged."""
        self.error: BaseException | None = None
        """In error routes: what failed."""
        self.original: Original | None = None
        """The request line before the first rewrite; `None` while there was none."""
        self.arrival: Arrival | None = None
        """How it came, where proxies are trusted to say who the client is."""
        self.proxied: Proxied | None = None
        """What a reverse proxy tells of the request; `None` where there is none."""
        self.body: Body | None = None
        """Its body, where a placeholder of it stands somewhere in the config."""
        self.prefix: str = ""
        """The path prefix that `handle_path` took off: `SCRIPT_NAME`, `root_path`."""

    # What the client asked ------------------------------------------------

    @property
    def method(self) -> str:
        """The method, as sent."""
        return self.scope["method"]  # type: ignore[no-any-return]

    @property
    def is_secure(self) -> bool:
        """Whether it came over TLS."""
        return self.scope["scheme"] in _SECURE

    @property
    def path(self) -> str:
        """The decoded path. Bytes that are not UTF-8 are kept as surrogates."""
        return self.scope["path"]  # type: ignore[no-any-return]

    @property
    def raw_path(self) -> bytes:
        """The path as sent, still encoded."""
        return self.scope["raw_path"]  # type: ignore[no-any-return]

    @property
    def query(self) -> bytes:
        """The query as sent, without the `?`."""
        return self.scope["query_string"]  # type: ignore[no-any-return]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The header fields in the order sent, names in lower case. Change it to change them."""
        return self.scope["headers"]  # type: ignore[no-any-return]

    def header(self, name: bytes) -> str | None:
        """Return the first field of this (lower-case) name, as text in UTF-8.

        Bytes that are none are kept as surrogates.
        """
        for field, value in self.scope["headers"]:
            if field == name:
                return value.decode("utf-8", "surrogateescape")  # type: ignore[no-any-return]
        return None

    def header_values(self, name: bytes) -> list[str]:
        """Return every field of this (lower-case) name, in order."""
        return [
            value.decode("utf-8", "surrogateescape")
            for field, value in self.scope["headers"]
            if field == name
        ]

    @property
    def hostport(self) -> str:
        """The Host header as sent."""
        return self.header(b"host") or ""

    @property
    def host(self) -> str:
        """The host without port and brackets, in lower case."""
        if self._host is None:
            self._host = split_port(self.hostport)[0].lower()
        return self._host

    @property
    def client_ip(self) -> str:
        """The address of the client, as trusted proxies tell it; empty for a Unix socket.

        The variable of this name goes before, as in Caddy.
        """
        told = self.variable("client_ip")
        if isinstance(told, str):
            return told
        return peer_ip(self.scope) if self.arrival is None else self.arrival.client.ip

    @property
    def is_trusted_proxy(self) -> bool:
        """Whether who connected is a proxy that is trusted."""
        told = self.variable("trusted_proxy")
        if told is not None:
            return told is True
        return self.arrival is not None and self.arrival.client.trusted

    @property
    def clean_path(self) -> str:
        """The decoded path without dot segments and doubled slashes, as matchers see it."""
        if self._clean is None:
            self._clean = clean(self.scope["path"])
        return self._clean

    @property
    def uri(self) -> str:
        """The path as sent, or encoded anew if that is no valid encoding, with the query."""
        raw = self.raw_path
        path = raw.decode("ascii") if is_encoded(raw) else escape_path(self.path)
        query = self.query.decode("utf-8", "surrogateescape")
        return f"{path}?{query}" if query or self.has_bare_query else path

    @property
    def has_bare_query(self) -> bool:
        """Whether the target ended with a `?`, which then stays."""
        return bytes(self.scope.get(TARGET, b"")).endswith(b"?")

    @property
    def target(self) -> str:
        """The target as the client sent it: `uri`, unless it was a whole URL or was rewritten."""
        if TARGET in self.scope:
            target: bytes = self.scope[TARGET]
        else:
            came = self.original or self
            target = came.raw_path + b"?" + came.query if came.query else came.raw_path
        return target.decode("utf-8", "surrogateescape")

    @property
    def vars(self) -> dict[str, Any]:
        """The variables: `{http.vars.*}`."""
        if self._vars is None:
            self._vars = {}
        return self._vars

    @property
    def has_vars(self) -> bool:
        """Whether any variable was set."""
        return self._vars is not None

    def variable(self, name: str) -> Any:  # noqa: ANN401
        """Return one variable, or `None`."""
        return self._vars.get(name) if self._vars is not None else None

    def set_value(self, key: str, value: object) -> None:
        """Set a placeholder for what follows.

        A function is called with the request whenever the value is wanted.
        """
        if self.values is None:
            self.values = {}
        self.values[key] = value

    def log_field(self, name: str, value: object) -> None:
        """Add a field to the record that the access log gets of this request."""
        if self.log_fields is None:
            self.log_fields = {}
        self.log_fields[name] = value

    def twin(self) -> Request:
        """Return a request like this one, which can be changed without changing this one.

        Its variables and placeholders are the same.
        """
        twin = copy.copy(self)
        twin.scope = dict(self.scope)
        return twin

    # What a rewrite changes -------------------------------------------------

    def keep_original(self) -> Original:
        """Remember the request line before it is changed for the first time."""
        if self.original is None:
            self.original = Original(self.method, self.raw_path, self.query, self.path)
        return self.original

    def set_method(self, method: str) -> None:
        """Change the method."""
        self.keep_original()
        self.scope["method"] = method

    def set_path(self, raw_path: bytes, path: str | None = None) -> None:
        """Change the path: encoded, and decoded unless it follows from that."""
        self.keep_original()
        self.scope["raw_path"] = raw_path
        self.scope["path"] = decode_path(raw_path) if path is None else path
        self._clean = None

    def set_query(self, query: bytes) -> None:
        """Change the query; given without the `?`."""
        self.keep_original()
        self.scope["query_string"] = query

    def set_host(self, host: str) -> None:
        """Change the Host header."""
        headers = self.scope["headers"]
        self.scope["headers"] = [
            (b"host", host.encode("utf-8", "surrogateescape")),
            *(pair for pair in headers if pair[0] != b"host"),
        ]
        self._host = None

    def restore(self) -> None:
        """Put the original request line back, as error routes need it."""
        if self.original is not None:
            self.scope["method"] = self.original.method
            self.scope["raw_path"] = self.original.raw_path
            self.scope["query_string"] = self.original.query
            self.scope["path"] = self.original.path
            self._clean = None
            self.prefix = ""
