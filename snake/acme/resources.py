"""Resources: what an authority has at its URLs, as far as it matters (RFC 8555 §7.1)."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from snake.acme.problem import Named, Problem
from snake.acme.wire import Answer
from snake.core.errors import SnakeError
from snake.core.record import Record

T = TypeVar("T", bound=msgspec.Struct)

PENDING = "pending"
PROCESSING = "processing"
READY = "ready"
VALID = "valid"

DNS = "dns"
IP = "ip"


class NonsenseError(SnakeError):
    """An answer that is not ACME, and what it is instead."""


class Meta(Record):
    """What an authority says of itself."""

    profiles: dict[str, str] = {}
    """What each profile is for (draft-ietf-acme-profiles)."""
    external_account_required: bool = msgspec.field(default=False, name="externalAccountRequired")


class Directory(Record):
    """Where everything is."""

    new_nonce: str = msgspec.field(name="newNonce")
    new_account: str = msgspec.field(name="newAccount")
    new_order: str = msgspec.field(name="newOrder")
    renewal_info: str = msgspec.field(default="", name="renewalInfo")
    meta: Meta = Meta()


class Offer(Record):
    """A challenge that is offered."""

    type: str
    url: str
    status: str = ""
    token: str = ""
    error: Problem | None = None


class Authorization(Record):
    """Whether a name is proved, and by what it can be."""

    status: str
    identifier: Named
    challenges: tuple[Offer, ...] = ()


class Order(Record):
    """An order of a certificate."""

    status: str
    authorizations: tuple[str, ...] = ()
    finalize: str = ""
    certificate: str = ""
    error: Problem | None = None
    identifiers: tuple[Named, ...] = ()


class Registration(Record):
    """What an authority knows of an account."""

    status: str = VALID
    contact: tuple[str, ...] = ()
    orders: str = ""


class Window(Record):
    """When a certificate may be renewed (RFC 9773 §4.2)."""

    start: str
    end: str


class Renewal(Record):
    """What an authority says of the renewal of a certificate."""

    suggested: Window = msgspec.field(name="suggestedWindow")
    explanation: str = msgspec.field(default="", name="explanationURL")


def read(answer: Answer, kind: type[T]) -> T:
    """Return the resource in an answer. Raises `NonsenseError`."""
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.ValidationError as error:
        why = str(error)
    except (msgspec.DecodeError, RecursionError):
        why = "it is no JSON"
    name = kind.__name__.lower()
    raise NonsenseError(
        f"{answer.url}: expected an ACME {name}, got {answer.shown()} ({why[:200]})"
    )
