"""A client of the admin API, snake's or Caddy's, for the commands that ask a server that runs.

It speaks HTTP/1.1 over TCP or a Unix socket, one connection for each request, and never by a
proxy. What it raises is written for the person at the terminal.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPMessage
from typing import Any, NamedTuple

from snake.core.errors import SnakeError
from snake.core.network import AddressError, NetworkAddress, parse_address

LIMIT = 10.0
"""Seconds for each step of an exchange, where the caller names none."""
PORT = 2019
"""Where an address has no port, as in Caddy."""
LARGEST = 128 << 20
"""Bytes of an answer that are read; Caddy takes 100 MB of a request."""

_EVERYWHERE = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (what is dialed)
_FAILED = 400
_NOT_FOUND = 404


class UnreachableError(SnakeError):
    """Nobody answers at the address."""


class RefusedError(SnakeError):
    """The admin API has answered that it does not do what it was asked for."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status, 400 to 599; 0 if there was none."""


class StrangerError(RefusedError):
    """Somebody answers that is no admin API, or one that lacks what is asked for."""


class Answer(NamedTuple):
    """What the admin API said, with a status below 400."""

    status: int
    headers: HTTPMessage
    """By name, in any case."""
    body: bytes

    def json(self) -> Any:  # noqa: ANN401  (whatever the endpoint answers)
        """Return what the body says. Raises `ValueError` when it is no JSON."""
        return json.loads(self.body)


class AdminClient:
    """Asks the admin API at one address, written as in a configuration.

    The address is `host:port` or `unix//path`; where it names all addresses of a machine, this
    one is asked. Raises `SnakeError` for one that cannot be dialed.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        named = _parsed(address)
        # What Caddy's own commands send, for servers that insist on an origin. They compare it
        # with the address as it was written.
        self._origin = {} if named.is_unix else {"Origin": f"http://{named}"}
        self.dialed = _dialed(named)
        """Where it connects to."""

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        limit: float | None = LIMIT,
    ) -> Answer:
        """Send one request and return the answer.

        A body is JSON unless the headers say what else it is. `limit` is in seconds for each
        step; with `None` the answer is waited for as long as it takes, and only the connection
        is not. Raises `UnreachableError` when nobody listens, `RefusedError` for a status of 400
        and more, `StrangerError` when it is no admin API that answers, and `SnakeError` when the
        answer breaks off.
        """
        sent = self._origin | ({} if body is None else {"Content-Type": _JSON})
        connection = self._connect(limit)
        try:
            with self._telling(limit):
                connection.request(method, path, body, sent | dict(headers or {}))
                response = connection.getresponse()
                data = response.read(LARGEST)
                if response.length:
                    raise SnakeError(f"the answer of {self.address} is not whole")
        finally:
            connection.close()
        if response.status >= _FAILED:
            raise self._refusal(method, path, response.status, response.reason, data)
        return Answer(response.status, response.headers, data)

    def _connect(self, limit: float | None) -> HTTPConnection:
        target = self.dialed
        host = "127.0.0.1" if target.is_unix else target.host
        connection = HTTPConnection(host, target.start_port or None)
        try:
            connection.sock = _dial(target)
        except OSError as error:
            raise self._unreachable(error) from None
        connection.sock.settimeout(limit)
        return connection

    def _unreachable(self, error: OSError) -> UnreachableError:
        if isinstance(error, PermissionError):
            return UnreachableError(
                f"no permission to connect to {self.address}: "
                "call this as the user that the server runs as, or as root"
            )
        if isinstance(error, FileNotFoundError) and self.dialed.is_unix:
            return UnreachableError(
                f"nothing listens at {self.address}: there is no such socket; if somebody has "
                "removed the file of a server that runs, SIGUSR1 has it made again; else say "
                "where the server is with --address, or name its configuration with --config"
            )
        if isinstance(error, ConnectionRefusedError | FileNotFoundError):
            return UnreachableError(
                f"nothing listens at {self.address}: no server runs here, or its admin API is off "
                "or elsewhere; say where with --address, or name its configuration with --config"
            )
        if isinstance(error, TimeoutError):
            return UnreachableError(f"{self.address} does not answer within {LIMIT:g} s")
        return UnreachableError(f"cannot connect to {self.address}: {_reason(error)}")

    @contextmanager
    def _telling(self, limit: float | None) -> Iterator[None]:
        """Say what goes wrong once there is a connection."""
        try:
            yield
        except TimeoutError:
            raise UnreachableError(f"{self.address} does not answer within {limit:g} s") from None
        except (ConnectionError, BrokenPipeError) as error:
            raise SnakeError(f"{self.address} ended the connection: {_reason(error)}") from None
        except HTTPException:
            raise StrangerError(
                f"what listens at {self.address} does not speak HTTP: "
                "it is not the admin API of snake or Caddy",
                0,
            ) from None

    def _refusal(self, method: str, path: str, status: int, reason: str, body: bytes) -> SnakeError:
        message = _error_in(body)
        if message is not None:
            return RefusedError(message, status)
        if status == _NOT_FOUND:
            return StrangerError(
                f"what listens at {self.address} does not know {method} {path}: "
                "it is another program than snake, or another version",
                status,
            )
        said = f"{self.address} answers {method} {path} with {status} {reason}"
        return StrangerError(said, status)


_JSON = "application/json"


def listens(address: str) -> bool:
    """Tell whether anybody takes connections at an address. Raises `SnakeError` for a bad one."""
    try:
        _dial(_dialed(_parsed(address))).close()
    except (ConnectionRefusedError, FileNotFoundError):
        return False
    except OSError:
        return True  # somebody is there, and the request tells why not for us
    return True


def _parsed(address: str) -> NetworkAddress:
    """Return the one address that a text names. Raises `SnakeError`."""
    if address.startswith(("http://", "https://")):
        raise SnakeError(f'the address of an admin API has no scheme: got "{address}"')
    portless = ":" not in address and "/" not in address
    try:
        parsed = parse_address(f"{address}:{PORT}" if portless and address else address)
    except AddressError as error:
        raise SnakeError(f"{error}; expected host:port or unix//path") from None
    if parsed.is_unix:
        return NetworkAddress("unix", parsed.host.partition("|")[0])
    if parsed.is_fd or parsed.network.startswith("udp"):
        raise SnakeError(f'"{address}" cannot be dialed; expected host:port or unix//path')
    if parsed.start_port != parsed.end_port or not parsed.start_port:
        raise SnakeError(f'"{address}" is not one port; an admin API has one')
    return NetworkAddress("tcp", parsed.host, parsed.start_port, parsed.end_port)


def _dialed(named: NetworkAddress) -> NetworkAddress:
    """Return what is dialed for an address that is listened on."""
    host = _EVERYWHERE.get(named.host, named.host)
    return NetworkAddress(named.network, host, named.start_port, named.end_port)


def _dial(target: NetworkAddress) -> socket.socket:
    """Return a connection. Raises `OSError`."""
    if not target.is_unix:
        return socket.create_connection((target.host, target.start_port), LIMIT)
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.settimeout(LIMIT)
        sock.connect(os.fsencode(target.host))
    except BaseException:
        sock.close()
        raise
    return sock


def _error_in(body: bytes) -> str | None:
    """Return the message in an error of the admin API; `None` for what is no such error."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    message = found.get("error") if isinstance(found, dict) else None
    return message if isinstance(message, str) else None


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
