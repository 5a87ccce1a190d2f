"""Problem: what an authority says is wrong (RFC 7807, RFC 8555 §6.7)."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import msgspec

from snake.core.errors import SnakeError
from snake.core.record import Record
from snake.core.text import visible

_NAMESPACE = "urn:ietf:params:acme:error:"
_MOST_SAID = 1000
"""Characters of a detail that are repeated."""
_MOST_SUBPROBLEMS = 5
_LONGEST_WAIT = 7 * 86400.0
"""Seconds that an authority may ask to wait; what is beyond it is not believed."""

ACCOUNT_DOES_NOT_EXIST = "accountDoesNotExist"
ALREADY_REPLACED = "alreadyReplaced"
BAD_NONCE = "badNonce"
MALFORMED = "malformed"
ORDER_NOT_READY = "orderNotReady"
RATE_LIMITED = "rateLimited"
UNAUTHORIZED = "unauthorized"

LASTING = frozenset(
    {
        "externalAccountRequired",
        "invalidContact",
        "invalidProfile",
        "rejectedIdentifier",
        "unsupportedContact",
        "unsupportedIdentifier",
        "userActionRequired",
    }
)
"""Errors that stay until somebody changes the configuration or the account."""

ANOTHER_CHALLENGE = frozenset(
    {"connection", "dns", "serverInternal", "unauthorized", "tls", "incorrectResponse"}
)
"""Errors of a challenge after which one of another type may succeed (acmez: the same)."""


class Named(Record):
    """What a problem is about."""

    type: str = ""
    value: str = ""


class Problem(Record):
    """A problem document."""

    type: str = ""
    title: str = ""
    detail: str = ""
    instance: str = ""
    """A URL; for `userActionRequired` the one to go to (RFC 8555 §7.3.3)."""
    status: int = 0
    subproblems: tuple[Problem, ...] = ()
    identifier: Named | None = None

    @property
    def kind(self) -> str:
        """The last part of an ACME error's type, such as `rateLimited`; else the whole type."""
        return self.type.removeprefix(_NAMESPACE)

    def __str__(self) -> str:
        """Return it for a person: the detail, each subproblem, and the kind."""
        # Subproblems have none of their own (RFC 8555 §6.7.1).
        parts = [_said(self), *(_said(part) for part in self.subproblems[:_MOST_SUBPROBLEMS])]
        see = f"; see {visible(self.instance)[:200]}" if self.instance else ""
        return f"{'; '.join(parts)} ({visible(self.kind)[:100] or 'no type'}){see}"


class ProblemError(SnakeError):
    """An authority refused a request, or an attempt failed, for a reason that it gives.

    `retry_after` is when it may be asked again, in seconds since the epoch, if it says so.
    """

    def __init__(self, problem: Problem, where: str, retry_after: float | None = None) -> None:
        super().__init__(f"{where}: {problem}")
        self.problem = problem
        self.retry_after = retry_after

    @property
    def kind(self) -> str:
        """That of the problem."""
        return self.problem.kind


def _said(problem: Problem) -> str:
    """Return what a problem says of itself, for a person."""
    about = problem.identifier
    whom = f"{visible(about.value)[:253]}: " if about is not None else ""
    return whom + visible(problem.detail or problem.title or "no reason given")[:_MOST_SAID]


def read_problem(body: bytes, status: int) -> Problem:
    """Return the problem in a body; one without a word if there is none."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, RecursionError):
        return Problem(status=status)
    return problem if problem.status else msgspec.structs.replace(problem, status=status)


def retry_time(value: str, now: float) -> float | None:
    """Return when a header `Retry-After` says to ask again (RFC 9110 §10.2.3)."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        when = now + float(value[:12])
    else:
        try:
            when = parsedate_to_datetime(value).timestamp()
        except (ValueError, OverflowError):
            return None
    return min(when, now + _LONGEST_WAIT) if when > now else now if value else None
