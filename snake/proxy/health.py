"""Health checks: whether an upstream gets requests; asked of it, or seen by its answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from snake.caddyfile.cursor import Cursor, Reader
from snake.caddyfile.fields import Fields, number, text, time
from snake.caddyfile.segments import Segment
from snake.config.struct import Config, Duration
from snake.core.dial import split_host_port
from snake.core.numbers import integer


class ActiveHealthChecks(Config):
    """Requests that ask an upstream, from time to time, how it is."""

    path: str = ""
    uri: str = ""
    upstream: str = ""
    port: int = 0
    headers: dict[str, tuple[str, ...] | None] = {}
    method: str = ""
    body: str = ""
    follow_redirects: bool = False
    interval: Duration = 0
    timeout: Duration = 0
    passes: int = 0
    fails: int = 0
    max_size: int = 0
    expect_status: int = 0
    expect_body: str = ""


class PassiveHealthChecks(Config):
    """What the answers to clients' requests tell of an upstream."""

    fail_duration: Duration = 0
    max_fails: int = 0
    unhealthy_request_count: int = 0
    unhealthy_status: tuple[int, ...] = ()
    unhealthy_latency: Duration = 0


class HealthChecks(Config):
    """Both kinds of checks."""

    active: ActiveHealthChecks | None = None
    passive: PassiveHealthChecks | None = None


ACTIVE = "health_checks/active"
PASSIVE = "health_checks/passive"


def status(word: str) -> int:
    """Read a status, or a class like `5xx`, which is its first digit."""
    return integer(word[:1] if len(word.encode()) == 3 and word.endswith("xx") else word)  # noqa: PLR2004


_TABLE = {
    "health_uri": (f"{ACTIVE}/uri", text),
    "health_path": (f"{ACTIVE}/path", text),
    "health_method": (f"{ACTIVE}/method", text),
    "health_request_body": (f"{ACTIVE}/body", text),
    "health_follow_redirects": (f"{ACTIVE}/follow_redirects", Cursor.flag),
    "health_interval": (f"{ACTIVE}/interval", time),
    "health_timeout": (f"{ACTIVE}/timeout", time),
    "health_passes": (f"{ACTIVE}/passes", number),
    "health_fails": (f"{ACTIVE}/fails", number),
    "health_status": (f"{ACTIVE}/expect_status", lambda cursor: cursor.value(status)),
    "health_body": (f"{ACTIVE}/expect_body", text),
    "max_fails": (f"{PASSIVE}/max_fails", number),
    "fail_duration": (f"{PASSIVE}/fail_duration", time),
    "unhealthy_request_count": (f"{PASSIVE}/unhealthy_request_count", number),
    "unhealthy_latency": (f"{PASSIVE}/unhealthy_latency", time),
}


def health_readers(fields: Fields) -> dict[str, Reader]:
    """Return what reads the subdirectives on health."""
    return fields.readers(_TABLE) | {
        "health_upstream": fields.reader(f"{ACTIVE}/upstream", _upstream),
        "health_port": lambda cursor: _port(cursor, fields),
        "health_headers": fields.reader(f"{ACTIVE}/headers", _headers),
        "unhealthy_status": lambda cursor: _unhealthy(cursor, fields),
    }


def _upstream(cursor: Cursor) -> str:
    def read(word: str) -> str:
        _, port = split_host_port(word)
        integer(port)
        return word

    return cursor.value(read)


def _port(cursor: Cursor, fields: Fields) -> None:
    cursor.arg()
    if fields.get(f"{ACTIVE}/upstream"):
        cursor.name.fail("the 'health_port' subdirective is ignored if 'health_upstream' is used!")
    fields.set(f"{ACTIVE}/port", cursor.read(integer))


def _headers(cursor: Cursor) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, *values in _flat(cursor.block()):
        headers.setdefault(name, []).extend(values or [""])
    return headers


def _flat(lines: Iterable[Segment]) -> Iterator[list[str]]:
    """Yield lines as if no block were in them: to Caddy, its braces are names here."""
    for line in lines:
        yield [line.name, *line.texts]
        if line.block is not None:
            yield ["{"]
            yield from _flat(line.block)
            yield ["}"]


def _unhealthy(cursor: Cursor, fields: Fields) -> None:
    cursor.arg()
    codes = [cursor.read(status)]
    while cursor.next():
        codes.append(cursor.read(status))
    fields.extend(f"{PASSIVE}/unhealthy_status", codes)
