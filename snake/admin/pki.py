"""`GET /pki/ca/<id>` and `/pki/ca/<id>/certificates`: the authorities of our own.

The default one is made when somebody asks for it. Keys are shown to nobody.
Source: https://caddyserver.com/docs/api#get-pkicaltidgt.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from snake.admin.answer import JSON, Answer, APIError
from snake.admin.endpoint import Endpoint
from snake.admin.gojson import escaped
from snake.admin.request import Request
from snake.core.errors import DocumentError, SnakeError
from snake.core.record import Record
from snake.pki.terms import DEFAULT_ID

if TYPE_CHECKING:
    from snake.pki.authority import Authority

logger = logging.getLogger("snake.admin.api.pki")

CHAIN = (("Content-Type", "application/pem-certificate-chain"),)

Known = Callable[[], Iterable[str]]
"""Returns the IDs of the authorities that there are."""
Get = Callable[[str], "Awaitable[Authority]"]
"""Returns one of them, or the default one. Raises `SnakeError`."""


class Info(Record):
    """What is told of an authority, in Caddy's order."""

    id: str
    name: str
    root_common_name: str
    intermediate_common_name: str
    root_certificate: str
    intermediate_certificate: str


def endpoints(known: Known, get: Get) -> tuple[Endpoint, ...]:
    """Return the endpoint of the authorities."""

    async def pki(request: Request) -> Answer:
        match request.path.removeprefix("/pki/").split("/"):
            case ["ca", id] if id:
                return _info(await _found(request, id, known, get))
            case ["ca", id, "certificates"] if id:
                authority = await _found(request, id, known, get)
                chain = authority.intermediate_pem + authority.root_pem
                return Answer(200, CHAIN, chain.encode())
        raise APIError(HTTPStatus.NOT_FOUND, f"resource not found: {request.path}")

    return (Endpoint("/pki/", pki),)


async def _found(request: Request, id: str, known: Known, get: Get) -> Authority:
    if request.method != "GET":
        message = f"method not allowed: {request.method}"
        raise APIError(HTTPStatus.METHOD_NOT_ALLOWED, message)
    if id != DEFAULT_ID and id not in known():
        message = f"no certificate authority configured with id: {id}"
        raise APIError(HTTPStatus.NOT_FOUND, message)
    try:
        return await get(id)
    except SnakeError as error:
        # The client is told what failed, and not where this machine keeps its keys.
        why = error.message if isinstance(error, DocumentError) else str(error)
        logger.error("cannot provision an authority", extra={"fields": {"ca": id, "error": why}})  # noqa: TRY400
        message = f"failed to provision CA {id}, {why}"
        raise APIError(HTTPStatus.INTERNAL_SERVER_ERROR, message) from None


def _info(authority: Authority) -> Answer:
    terms = authority.terms
    info = Info(
        authority.id,
        terms.name,
        terms.filled(terms.root_name),
        terms.filled(terms.intermediate_name),
        authority.root_pem,
        authority.intermediate_pem,
    )
    return Answer(200, JSON, escaped(msgspec.json.encode(info)))
