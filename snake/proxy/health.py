"""Health checks: whether an upstream gets requests; asked of it, or seen by its answers."""

from __future__ import annotations

from snake.caddyfile.fields import Fields, Reader, Table, flag, number, text, time
from snake.caddyfile.words import Words, unchecked
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


def _upstream(words: Words) -> str:
    def read(word: str) -> str:
        _, port = split_host_port(word)
        integer(port)
        return word

    return words.read(words.take(), read)


def _headers(words: Words) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for each in unchecked(words.block()):
        values = [word.text for word in each.all()]
        headers.setdefault(each.name, []).extend(values or [""])
    return headers


HEALTH: Table = {
    "health_uri": (f"{ACTIVE}/uri", text),
    "health_path": (f"{ACTIVE}/path", text),
    "health_method": (f"{ACTIVE}/method", text),
    "health_request_body": (f"{ACTIVE}/body", text),
    "health_follow_redirects": (f"{ACTIVE}/follow_redirects", flag),
    "health_interval": (f"{ACTIVE}/interval", time),
    "health_timeout": (f"{ACTIVE}/timeout", time),
    "health_passes": (f"{ACTIVE}/passes", number),
    "health_fails": (f"{ACTIVE}/fails", number),
    "health_status": (f"{ACTIVE}/expect_status", lambda words: words.read(words.take(), status)),
    "health_body": (f"{ACTIVE}/expect_body", text),
    "max_fails": (f"{PASSIVE}/max_fails", number),
    "fail_duration": (f"{PASSIVE}/fail_duration", time),
    "unhealthy_request_count": (f"{PASSIVE}/unhealthy_request_count", number),
    "unhealthy_latency": (f"{PASSIVE}/unhealthy_latency", time),
    "health_upstream": (f"{ACTIVE}/upstream", _upstream),
    "health_headers": (f"{ACTIVE}/headers", _headers),
}


def health_readers(fields: Fields) -> dict[str, Reader]:
    """Return what reads the subdirectives on health that are more than a value."""
    return {
        "health_port": lambda words: _port(words, fields),
        "unhealthy_status": lambda words: _unhealthy(words, fields),
    }


def _port(words: Words, fields: Fields) -> None:
    port = words.take()
    if fields.get(f"{ACTIVE}/upstream"):
        words.token.fail("the 'health_port' subdirective is ignored if 'health_upstream' is used!")
    fields.set(f"{ACTIVE}/port", words.read(port, integer))


def _unhealthy(words: Words, fields: Fields) -> None:
    codes = [words.read(code, status) for code in words.some()]
    fields.extend(f"{PASSIVE}/unhealthy_status", codes)
