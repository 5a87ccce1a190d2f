"""python: run a Python web app, inside the server.

Syntax::

    python [<matcher>] <module>:<attribute>
    python [<matcher>] {
        module_wsgi         <module>:<attribute>
        module_asgi         <module>:<attribute>
        working_dir         <folder>
        venv                <folder>
        workers             <count>
        python_path         <interpreter>
        threads             <count>
        preload             on | off
        workers_runtime     process | thread
        lifespan            on | off
        max_dynamic_apps    <count>
        start_timeout       <duration> | forever
        request_timeout     <duration>
        max_requests        <count>
        max_memory          <size>
        autoreload          [{ ignore <patterns...> }]
        env_file            <file>
        env_var             <name> <value>
        request_body        <size> | { max_size <size> }
        runtime             sync | uvloop | native
        cache               local | redis://<host>
        isolation           none
        isolation           process {
            user        <name | uid> | owner
            group       <name | gid>
            memory      <size>
            cpu         <duration>
            files       <count>
            processes   <count>
            bubblewrap  on | off
            network     on | off
            read        <path...>
            write       <path...>
            read_only
            tmp         <size>
        }
        isolation           docker {
            image        <name>
            network      <name>
            docker_host  <address>
            memory       <size>
            cpus         <number>
            processes    <count>
            user         <uid>[:<gid>]
            read_only
            mount        <host path> <container path> [ro | rw]
        }
    }

The app is a WSGI or an ASGI app: exactly one of `module_wsgi` and `module_asgi`
names it. The short form is `module_wsgi`; an ASGI app named there is recognised
and runs as what it is. `python` answers every request that it gets: nothing
after it runs.

`working_dir` is the app's current folder and the first place where its modules
are looked for (the server's own current folder). `venv` is the virtual
environment that has its packages; without one it is the active one, then
snake's own. `workers` is the number of processes (0, and the default: one for
each CPU). `lifespan on` tells an ASGI app when serving begins and ends; an app
that fails to start then stops the start of the server. `start_timeout` is how
long it may take (120s). `env_file` may be repeated, a later one wins, and
`env_var` wins over all. A body larger than `request_body` is a 413.

`python_path` is the interpreter that runs the app (Python 3.11 or newer, with or without
packages).

An app runs in the server's workers, unless something keeps it apart: an interpreter, a `venv` of
another Python, another folder, venv or environment than the first app has, or a package in another
version than a worker needs. Then it gets processes of its own; the log and `snake validate`
say which, and why.

`preload on` imports the app once, before its processes are forked, which then
share that memory; threads and connections that an import opens are not for them.
`workers_runtime thread` has one process with a thread and an event loop in place of
each worker; what the app keeps in a module is then shared by all of them, and
`lifespan` runs for each. `runtime native` runs an ASGI app without uvloop.

A process that dies is replaced at once, and more slowly if that goes on. One whose event
loop is blocked for 4 seconds has another put beside it: it finishes what it has if it
comes back, and is ended after the grace period (30 s) if not; the log has where it hangs.
A process in a debugger (`breakpoint()`) is left alone. `max_requests`, 10 % more or less,
and `max_memory`, of resident memory, have a process replaced by another before it
harms anybody; no request is lost.

`request_timeout` is how long an app may make no progress with a request: until its
response begins, and from each part of that to the next. Then it is a 504, or the connection
ends. The task of an ASGI app is cancelled, unless it blocks its event loop: then nothing
can, and the process is replaced as above. The thread of a WSGI app goes on, but is not
counted, and the log has where it hangs. What the client takes for its body, or for what
it is sent, does not count; nor does an accepted WebSocket or an event stream ever end by
it. `threads` is how many requests of a WSGI app a process runs at once (128). Those for
which no thread was free in time are a 503 with `Retry-After`.

`isolation` runs an app apart from the server and from other apps. It has no variable of
the server's environment, no descriptor, no capability and no way to one, and what it prints
is passed on without control characters. What protects from what: docs/isolation.md.

`isolation process` runs it as `user` (and `group`, or those the user is in), which is
needed when the server is root; `owner` is whoever `working_dir` belongs to, so tenants
that placeholders choose each get their own. `memory` is the address space of each
process, `cpu` the CPU time after which one is replaced, `files` its open files,
`processes` the processes and threads that the user may have. With bubblewrap, which is
used if it is installed and may be (`bubblewrap on`: or else the start fails), the app sees
the system, its interpreter and packages read-only, `working_dir` and `write` to write to,
`read` to read, a /tmp of its own of the size `tmp`, no other process, and with `network off`
no network; nothing else is there. With `read_only` it cannot write to `working_dir` either.

`isolation docker` runs it in a container of `image`, which has to be on the machine, by
the API of the engine at `docker_host` (`DOCKER_HOST`, then unix:///var/run/docker.sock). The
image's `python3` (or `python_path` in it), 3.11 or later, runs the app. `working_dir` can be
written to, and packages of `venv` be read, at the same paths. There are at most 512 `processes`
and threads; `memory` and `cpus` are those of the container, which all `workers` of the app share.

All processes of an app share a cache: `from snake import cache`. It is snake's own
(`cache local`, the default) or a Redis or Valkey: `cache redis://:<password>@<host>`,
`rediss://`, or `unix://` and the path of a socket. `docs/cache.md` has the rest.

`autoreload`, for development, imports the app anew half a second after a save: of
code (`.py`), templates (`.html`, `.jinja`, `.j2`), translations (`.mo`) or an `env_file`, in
`working_dir` and in what the venv has in editable form, links followed. Hidden
folders, `node_modules` and venvs are not watched, nor what `ignore` names: patterns of
names, or with a slash of paths. The old code serves until the new one is ready, and
finishes what it has (within 10s, if there is no `grace_period`). Code that does not
start is told in the log, and to clients on this machine as a page with status 503.

Placeholders in `module_*`, `working_dir`, `venv`, `env_file` or `env_var` make an app
of each combination of their values, such as one for each tenant:
`working_dir /srv/{http.request.host.labels.2}`. It starts when the first request asks for
it, with one process unless `workers` says more, and ends after 30 minutes without a
request. At most `max_dynamic_apps` (128) run: the one used least recently makes room for
another; when all are in use, others are a 503 with Retry-After. An app that cannot start
is a 502, and is tried again after 5 seconds. Except in `env_var`, a value is one name:
letters, digits and `-_.~@+`, not beginning with `-` or `.`; anything else is a 400. A folder
that is not there, or whose links lead out of the folder before the first placeholder, is a
404. A Host is read in lower case, and folders have the case that they have.

Read, so that a Caddyfile can be adapted, but refused when it is run:
`module_esgi`, `runtime gevent` and `cache cluster`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from snake.app.envfile import name_fault
from snake.plugin import (
    ConfigError,
    Context,
    Directive,
    Handler,
    HandlerModule,
    Scope,
    Segment,
)
from snake.python.block import read_block
from snake.python.bodylimit import body_limit, limit_body
from snake.python.fields import PythonFields
from snake.python.isolation import check_isolation
from snake.python.values import (
    dynamic_limit,
    memory_limit,
    request_limit,
    request_timeout_seconds,
    start_timeout_seconds,
    thread_count,
    worker_count,
)

T = TypeVar("T")

RUNTIMES = {
    "wsgi": ("sync", "gevent"),
    "asgi": ("uvloop", "native", "libuv"),
}
"""What `runtime` may say; the first is the default. `libuv` is the old name of uvloop."""


CHOICES = {
    "lifespan": ("on", "off"),
    "preload": ("on", "off"),
    "autoreload": ("on", "off"),
    "workers_runtime": ("process", "thread"),
}
"""What may stand in fields that are a choice."""
NUMBERS: dict[str, Callable[[str], object]] = {
    "workers": worker_count,
    "threads": thread_count,
    "start_timeout": start_timeout_seconds,
    "request_timeout": request_timeout_seconds,
    "max_requests": request_limit,
    "max_memory": memory_limit,
    "max_dynamic_apps": dynamic_limit,
}
"""What reads the text of fields that are a number, a size or a time."""


class Python(HandlerModule, PythonFields):
    """The JSON of `http.handlers.python`."""

    id = "http.handlers.python"

    async def provision(self, ctx: Context) -> Handler:
        """Load and start the app, or find it running. Raises `StartError` when it fails."""
        self._check(ctx)
        limit = _checked(ctx, body_limit, self.request_body_max_size)
        if self.dynamic:
            from snake.python.dynamic import chosen  # noqa: PLC0415  (few configs need it)

            handler: Handler = chosen(ctx, self)
            own = False
        else:
            pooled = self._pooled(ctx)
            own = pooled is None
            handler = self._timed(pooled or await self._embedded(ctx))
        handler = self._measured(ctx, handler, own=own)
        return handler if limit is None else limit_body(handler, limit)

    def _measured(self, ctx: Context, handler: Handler, *, own: bool) -> Handler:
        """Have the app's requests be counted, for where it runs: in this process or in a pool."""
        from snake.metrics.apps import IN_POOL, IN_WORKERS, of_app  # noqa: PLC0415  (as below)
        from snake.metrics.figures import Figures  # noqa: PLC0415  (likewise)
        from snake.python.measured import measured  # noqa: PLC0415  (likewise)

        figures = ctx.service(Figures) or ctx.shared(Figures)
        place = IN_WORKERS if own else IN_POOL
        return measured(handler, of_app(figures, self.name, self.working_dir, place))

    def _timed(self, handler: Handler) -> Handler:
        """Have requests end when the app is late with them."""
        if (seconds := request_timeout_seconds(self.request_timeout)) is None:
            return handler
        from snake.python.timeout import limit_time  # noqa: PLC0415  (likewise)

        return limit_time(handler, self.name, seconds)

    def _pooled(self, ctx: Context) -> Handler | None:
        """Return the handler of an app that runs in a pool; `None` when it runs here."""
        from snake.python.pools import Pools  # noqa: PLC0415  (not where a Caddyfile is only read)

        pools = ctx.service(Pools)
        return None if pools is None else pools.handler(ctx, self)

    async def _embedded(self, ctx: Context) -> Handler:
        from snake.python.embedded import EmbeddedApps  # noqa: PLC0415  (likewise)

        handler = await ctx.shared(EmbeddedApps).handler(ctx, self)
        return self._worn(ctx, handler)

    def _worn(self, ctx: Context, handler: Handler) -> Handler:
        """Have the worker be replaced when this app has had enough requests or memory."""
        from snake.app.wear import Wear  # noqa: PLC0415  (likewise)
        from snake.python.counted import counted  # noqa: PLC0415  (likewise)

        wear = ctx.service(Wear)
        if wear is None:
            return handler
        if (memory := memory_limit(self.max_memory)) is not None:
            wear.limit_memory(memory)
        if (requests := request_limit(self.max_requests)) is not None:
            return counted(handler, wear.counter(self.name, requests))
        return handler

    def _check(self, ctx: Context) -> None:
        """Refuse what contradicts itself, and by name what this version cannot do."""
        named = (self.module_wsgi, self.module_asgi, self.module_esgi)
        if sum(map(bool, named)) != 1:
            raise ctx.fail(_ONE_APP)
        self._check_values(ctx)
        kind = "asgi" if self.module_asgi else "wsgi"
        if self.runtime and self.runtime not in RUNTIMES[kind] and not self.module_esgi:
            either = " or ".join(sorted(RUNTIMES[kind][:2]))
            raise ctx.at("runtime").fail(f'{kind} runtime must be {either}, got "{self.runtime}"')
        if self.cache is not None:
            try:
                self.cache.check()
            except ConfigError as error:
                raise ctx.at("cache").fail(error.message) from None
        for name in self.env_vars:
            if fault := name_fault(name):
                raise ctx.at("env_vars").fail(fault)
        try:
            check_isolation(self.isolation)
        except ConfigError as error:
            raise ctx.at("isolation", error.path).fail(error.message) from None
        for field, what in self._unavailable():
            raise ctx.at(field).fail(f"{what} is not available in this version of snake")

    def _check_values(self, ctx: Context) -> None:
        for field, choices in CHOICES.items():
            if (value := getattr(self, field)) not in ("", *choices):
                either = " or ".join(choices)
                raise ctx.at(field).fail(f'{field} must be {either}, got "{value}"')
        for field, read in NUMBERS.items():
            _checked(ctx, read, getattr(self, field))

    def _unavailable(self) -> Iterator[tuple[str, str]]:
        """Yield each field that asks for what there is not, and what it asks for."""
        if self.module_esgi:
            yield "module_esgi", "module_esgi"
        if self.runtime == "gevent":
            yield "runtime", f"runtime {self.runtime}"


def parse(line: Segment, scope: Scope) -> Python:
    """Read a `python` line. Of a setting that is repeated the last one counts."""
    if len(line.args) > 1:
        line.args[-1].fail(
            f"wrong argument count or unexpected line ending after '{line.args[-1]}'",
            "expected: python [<matcher>] <module>:<attribute>",
        )
    fields: dict[str, Any] = {}
    if line.args:
        fields["module_wsgi"] = line.args[0].text
        _read_as_lines(line, fields, scope)
    else:
        read_block(line, fields)
    if len(fields.keys() & {"module_wsgi", "module_asgi", "module_esgi"}) != 1:
        scope.warn(line.words[0], f"python: {_ONE_APP}")
    return Python(**fields)


def _read_as_lines(line: Segment, fields: dict[str, Any], scope: Scope) -> None:
    """Read a block after an app as Caddy Snake does: each line is as one of this directive.

    So the last argument in it is the app. What was meant is told in a warning.
    """
    for inner in line.lines:
        if len(inner.args) > 1:
            inner.args[-1].fail(
                f"wrong argument count or unexpected line ending after '{inner.args[-1]}'", _BLOCK
            )
        if inner.args:
            fields["module_wsgi"] = inner.args[0].text
            scope.warn(
                inner.args[0], f"python: the app is {inner.args[0]}, as in Caddy Snake; {_BLOCK}"
            )
            _read_as_lines(inner, fields, scope)
        else:
            read_block(inner, fields)


_ONE_APP = "exactly one of module_wsgi, module_asgi is required"
_BLOCK = "in a block the app is named by a line: module_wsgi <module>:<attribute>"


def _checked(ctx: Context, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ConfigError as error:
        raise ctx.fail(error.message) from None


directive = Directive("python", parse)
