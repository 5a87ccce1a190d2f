"""`snake respond`."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Sequence
from typing import Any

import click

from snake.cli.quick_document import LIMITS, Json, debug_option, document, fields, run
from snake.core.errors import SnakeError
from snake.core.network import AddressError, NetworkAddress, parse_address

_ACTION = re.compile(
    r"(?P<left>\s*\{\{-\s)?(?(left)|\{\{)(?P<what>.*?)(?:\s-\}\}\s*|\}\})", re.DOTALL
)
"""One of Go's actions; `-` and a space trim the white space beside it."""
_STATUS = re.compile("[1-9][0-9]{2}")
_LARGEST = 16 << 20
"""Bytes of a body that are read from stdin."""


@click.command("respond")
@click.argument("argument", nargs=-1, metavar="[BODY|STATUS]")
@click.option(
    "-s", "--status", type=click.IntRange(100, 999), metavar="CODE", help="The status; 200."
)
@click.option("-b", "--body", default="", metavar="TEXT", help="The body; none.")
@click.option("-H", "--header", multiple=True, metavar="LINE", help="A field, like 'X-A: b'.")
@click.option(
    "-l", "--listen", default=":0", metavar="ADDRESS", help="Where; any port that is free."
)
@click.option("--access-log", is_flag=True, help="Log requests.")
@debug_option
def command(**given: Any) -> int:  # noqa: ANN401
    """Answer every request with the same response, for tests and development.

    \b
    snake respond                              an empty 200, on some port
    snake respond 404                          a status
    snake respond "it works" -l :8080          a body
    snake respond "{{.N}}" -l :8080-8089       ten servers, each with its number
    echo from stdin | snake respond

    Each address is printed to stdout once it serves. A body may hold {{.N}}, the
    number of the server from 0, {{.Port}} and {{.Address}}. An argument of three
    digits is a status, and any other is a body; flags override it.
    """  # noqa: D301  (\b tells click to keep the lines)
    status, body = chosen(given["argument"], given["status"], given["body"])
    headers = fields("--header", given["header"])
    addresses = each_port(given["listen"])
    servers = {
        f"static{number}": _server(address, status, filled(body, number, address), headers)
        for number, address in enumerate(addresses)
    }
    if given["access_log"]:
        for server in servers.values():
            server["logs"] = {}
    return run(document(servers, debug=given["debug"]), _tell)


def chosen(arguments: tuple[str, ...], status: int | None, body: str) -> tuple[int, str]:
    """Return the status and the body: flags first, then the argument, then what stdin has."""
    if len(arguments) > 1:
        raise SnakeError(f"respond takes one argument, a body or a status; got {len(arguments)}")
    argument = "".join(arguments)
    if argument and body and status is not None:
        raise SnakeError(f'the argument "{argument}" is overridden by --status and --body')
    if status is None and _STATUS.fullmatch(argument):
        status = int(argument)
    else:
        body = body or argument
    return status or 200, body or _piped()


def _piped() -> str:
    """Return what another program writes to stdin, and nothing when no program does."""
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(0).st_mode)
    except OSError:  # closed
        is_pipe = False
    if not is_pipe:
        return ""
    data = sys.stdin.buffer.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise SnakeError(f"the body from stdin is larger than {_LARGEST >> 20} MiB")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SnakeError("the body from stdin is not UTF-8") from None


def each_port(listen: str) -> list[NetworkAddress]:
    """Return the address of every port in a range. Raises `SnakeError`."""
    try:
        address = parse_address(listen)
    except AddressError as error:
        raise SnakeError(f"--listen: {error}") from None
    ports = range(address.start_port, address.end_port + 1)
    return [NetworkAddress(address.network, address.host, port, port) for port in ports]


def filled(body: str, number: int, address: NetworkAddress) -> str:
    """Return the body with its `{{.N}}`, `{{.Port}}` and `{{.Address}}` filled.

    These are what Caddy calls limited template evaluation: fields, and texts in quotes.
    Raises `SnakeError`.
    """
    words = {".N": str(number), ".Port": str(address.start_port), ".Address": str(address)}

    def value(action: re.Match[str]) -> str:
        word = action["what"].strip()
        if quoted := re.fullmatch(r'"([^"\\]*)"|`([^`]*)`', word):
            return quoted[1] or quoted[2] or ""
        if word not in words:
            raise SnakeError(
                f"the body has {{{{{word}}}}}; expected "
                '{{.N}}, {{.Port}}, {{.Address}}, or a text in quotes, like {{"{{"}}'
            )
        return words[word]

    result = _ACTION.sub(value, body)
    if "{{" in _ACTION.sub("", body):
        raise SnakeError('the body has {{ without }}; to write it, say {{"{{"}}')
    return result


def _server(address: NetworkAddress, status: int, body: str, headers: dict[str, list[str]]) -> Json:
    handler: Json = {"handler": "static_response", "status_code": status}
    if headers:
        handler["headers"] = headers
    if body:
        handler["body"] = body
    return {
        "listen": [str(address)],
        **LIMITS,
        "routes": [{"handle": [handler]}],
        "automatic_https": {"disable_redirects": True},
    }


def _tell(addresses: Sequence[str]) -> None:
    for address in addresses:
        click.echo(f"Server address: {address.removeprefix('unix/')}")
