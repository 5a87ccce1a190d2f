"""Report: what there is to know of a snake that runs: the JSON of `GET /snake/status`.

Times are in seconds, moments in seconds since 1970, sizes in bytes. What is not known is null.
It holds no secret.
"""

from __future__ import annotations

from snake.core.record import Record
from snake.metrics.sites import SECONDS

MOST_CERTIFICATES = 1000
"""Certificates in a report: those that need attention first."""


class Resources(Record):
    """What a process uses."""

    resident_memory: int | None = None
    cpu: float | None = None


class Worker(Record):
    """A worker, or one process of workers that are its threads."""

    worker: int
    """Its number; the first of them if it has several event loops."""
    pid: int | None
    state: str
    """`serving`, `draining`, `starting`, or `down` until another is started in its place."""
    started: float | None = None
    resources: Resources = Resources()


class Generation(Record):
    """One configuration with its workers: the one that serves, or one that drains."""

    state: str
    """`serving` or `draining`."""
    because: str
    """Why there are so many workers."""
    workers: tuple[Worker, ...] = ()


class Starts(Record):
    """How often processes were started for a cause, since snake runs."""

    cause: str
    """`loaded`, `died`, `silent`, `worn_out`, `changed`; `failed` is a start that was none."""
    count: int
    worker: int | None = None
    """The worker; null for the processes of a pool, which are those of an app."""
    app: str = ""
    working_dir: str = ""


class Timing(Record):
    """How long something took, of all since snake runs."""

    count: int = 0
    sum: float = 0.0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    buckets: tuple[int, ...] = ()
    """How many took no longer than each of the `bounds` of the report, but longer than the one
    before; the last took longer than all."""


class Pool(Record):
    """The processes of an app that runs apart."""

    processes: int
    """Those that there are to be, for each app that was chosen by requests."""
    pids: tuple[int, ...]
    busy: int = 0
    """Requests that its processes have."""
    rejections: int = 0
    queue: Timing = Timing()
    """For how long requests waited for a process, and in it for a thread of a WSGI app."""
    tenants: dict[str, tuple[int, ...]] = {}
    """The processes of each app that requests have chosen, by its name and folder."""


class App(Record):
    """A Python app. Two handlers of the same in one place are one."""

    name: str
    """`module:attribute`, as it is written."""
    working_dir: str
    """As it is written."""
    place: str
    """`workers` or `pool`."""
    because: str
    """Why there."""
    python: str
    venv: str
    processes: int
    """Those that there are to be; for each app that is chosen by requests, if they choose."""
    pids: tuple[int, ...]
    dynamic: bool = False
    """Whether requests choose the app, by placeholders."""
    requests: int = 0
    statuses: dict[str, int] = {}
    """Requests by class, as those of a site."""
    errors: int = 0
    """Requests that the app failed to answer; those that it answered with a 500 are in `5xx`."""
    in_flight: int = 0
    duration: Timing = Timing()
    queue: Timing = Timing()
    """For how long requests to a WSGI app in a worker waited for a thread."""
    pool: Pool | None = None


class Site(Record):
    """The routes of a server with the same hosts, or all its others."""

    server: str
    site: str
    """Its hosts as they are written, or the addresses of the server."""
    requests: int = 0
    in_flight: int = 0
    statuses: dict[str, int] = {}
    """Requests by class: `2xx`; `none` were cut off before their response."""
    duration: Timing = Timing()
    """Without connections that became WebSockets or tunnels."""


class Listener(Record):
    """An address that is listened on."""

    address: str
    """As it is written."""
    bound: str
    """Where that is."""
    server: str
    encrypted: bool


class Certificate(Record):
    """A certificate for a name, or a name that has none yet."""

    name: str
    issuer: str
    managed: bool
    """Whether snake obtains and renews it."""
    not_before: float | None
    not_after: float | None
    renews: float | None = None
    error: str = ""
    """Why the last attempt failed; empty if it did not."""
    attempts: int = 0
    """That failed since the last that did not."""
    next_attempt: float | None = None


class Log(Record):
    """A writer of logs that could not write all of its lines."""

    writer: str
    """The path of a file, `stdout` or `stderr`."""
    lines_lost: int
    """Since snake runs."""
    last_lost: float


class Reload(Record):
    """How the last attempt to replace the configuration went."""

    at: float
    ok: bool
    error: str
    seconds: float


class Configuration(Record):
    """Where the configuration comes from, and how it was loaded."""

    source: str | None
    """The file that is read again; null if there is none."""
    loaded: float
    """When the one that runs was."""
    attempts: int
    """To replace it, since snake runs."""
    failures: int
    last_reload: Reload | None = None


class Report(Record):
    """All of it."""

    version: str
    python: str
    pid: int
    started: float
    uptime: float
    configuration: Configuration
    generations: tuple[Generation, ...]
    """The one that serves first."""
    starts: tuple[Starts, ...]
    apps: tuple[App, ...]
    listeners: tuple[Listener, ...]
    certificates: tuple[Certificate, ...]
    """The most urgent first, at most 1000."""
    certificates_total: int
    sites: tuple[Site, ...] = ()
    logs: tuple[Log, ...] = ()
    """Those that have lost lines."""
    bounds: tuple[float, ...] = SECONDS
    """The seconds of the buckets of all times."""
    problems: tuple[str, ...] = ()
    """What is wrong, in words for a person; one may have several lines."""
