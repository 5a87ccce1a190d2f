"""Confined: `isolation process`: a user, limits and, where that is possible, a sandbox.

Between the supervisor and the app's interpreter stands the gate (`pool.gate`), run by snake's
own interpreter: it is where privileges end. What the gate is told, the app's environment in it,
is in a file without a name that it inherits.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from snake.core.errors import StartError
from snake.core.record import Record
from snake.isolation import bubblewrap
from snake.isolation.account import Account, account, owner
from snake.isolation.control_group import make_group
from snake.isolation.launch import Launch, Plain, not_started
from snake.isolation.output import reading, relay
from snake.python.isolation_process import OWNER, Process, amount, check_process

logger = logging.getLogger("snake")

PACKAGE = str(Path(__file__).parents[1])
GATE = f"{PACKAGE}/pool/gate.py"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
UMASK = 0o077
"""What the app writes is its own: another tenant's user cannot read it."""
ARENAS = "2"
"""glibc reserves 64 MiB of addresses for each of its arenas, by default as many as threads: what is
reserved counts, and would be missing where it is needed (mallopt(3))."""
CPU_GRACE = 5
"""Seconds of CPU time between the signal that says it is over (SIGXCPU) and the end."""


class Facts(Record):
    """What is known of this machine and of what is asked, so that the rest is a function of it."""

    root: bool
    account: Account | None
    bwrap: str
    """The path of bubblewrap if it is used; empty if not."""
    python: str
    """Snake's own interpreter, which runs the gate."""

    @property
    def counts_alone(self) -> bool:
        """Whether the system counts this app's processes apart from others."""
        if self.account is not None and self.account.uid != os.geteuid():
            return True
        return bool(self.bwrap) and not self.root


async def launch_confined(process: Process | None, launch: Launch) -> Plain:
    """Start a program of `isolation process`. Raises `ConfigError` and `StartError`."""
    process = process or Process()
    facts = await asyncio.to_thread(survey, process, launch)
    with ExitStack() as stack:
        report, reporting = _pipe(stack)
        complaints, complaining = _pipe(stack)
        output, speaking = _pipe(stack)
        told = stack.enter_context(_nameless())
        settings = gate_settings(process, launch, facts, reporting.fileno(), speaking.fileno())
        group = None if facts.bwrap or not facts.root else make_group()
        settings["control_group"] = "" if group is None else group.processes
        told.write(json.dumps(settings).encode())
        told.flush()
        try:
            child = await asyncio.create_subprocess_exec(
                *command(process, launch, facts, told.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=speaking,
                stderr=complaining,
                env={},
                cwd="/",
                pass_fds=(
                    *launch.pass_fds,
                    *(file.fileno() for file in (told, reporting, speaking)),
                ),
                start_new_session=True,
            )
        except OSError as error:
            raise not_started(launch, error) from None
        launched = Plain(child, leads=True, group=group)
        for end in (reporting, complaining, speaking):
            end.close()
        try:
            async with reading(report) as word, reading(complaints) as text:
                await _pass(launch, facts, word, text)
        except BaseException:
            launched.kill()
            await launched.exited
            raise
        relay(os.fdopen(os.dup(output.fileno()), "rb", 0))
    return launched


def survey(process: Process, launch: Launch) -> Facts:
    """Find out what is there, and check that what is asked can be done with it.

    Blocking. Raises `ConfigError` and `StartError`.
    """
    check_process(process)
    if getattr(sys, "frozen", False):
        raise StartError(
            "isolation process: a standalone executable has no Python that could confine an app; "
            "use isolation docker, or a snake that pip has installed"
        )
    root = os.geteuid() == 0
    if root and not process.user:
        raise StartError(
            "isolation process: snake runs as root, and so would the app, which no sandbox "
            "holds; name a user for it, like: user www-data"
        )
    folder = launch.cwd or os.getcwd()  # noqa: PTH109
    if not os.path.isdir(folder):  # noqa: PTH112
        raise StartError(f'the working_dir "{folder}" does not exist, or is no folder')
    user = owner(folder) if process.user == OWNER else process.user
    who = account(user, process.group) if user else None
    facts = Facts(root, who, _bubblewrap(process, root=root), os.path.realpath(sys.executable))
    if facts.bwrap and os.path.realpath(folder) == "/":
        raise StartError("isolation process: the working_dir is /, which is the whole system")
    for path in (*process.read, *process.write):
        if not os.path.exists(path):  # noqa: PTH110
            raise StartError(f'isolation process: "{path}" does not exist')
    if process.processes and not facts.counts_alone:
        raise StartError(
            "isolation process: processes needs a user of the app's own beside it, "
            "because the system counts the processes of a user, and never those of root"
        )
    if who is None and not facts.bwrap:
        logger.warning(
            "an isolated app has the server's user and no sandbox, so it can do what the server "
            "can; %s",
            bubblewrap.INSTALL.replace("it", "bubblewrap", 1),
            extra={"fields": {"app": launch.name}},
        )
    return facts


def _bubblewrap(process: Process, *, root: bool) -> str:
    """Return the path of bubblewrap if it is to be used."""
    if process.bubblewrap == "off":
        return ""
    asked = process.needs_bubblewrap
    program = bubblewrap.find()
    if program is None:
        if asked:
            raise StartError(
                f"isolation process: {asked} needs bubblewrap, which is not here; "
                f"{bubblewrap.INSTALL}"
            )
        return ""
    fault = bubblewrap.fault(program, root=root, network=process.network != "off")
    if not fault:
        return program
    if asked:
        raise StartError(
            f"isolation process: {asked} needs bubblewrap, which can make no sandbox here: {fault}"
        )
    logger.warning(
        "an isolated app has no sandbox: bubblewrap can make none here",
        extra={"fields": {"error": fault}},
    )
    return ""


def command(process: Process, launch: Launch, facts: Facts, fd: int) -> list[str]:
    """Return the command line of the gate, in a sandbox if there is one."""
    gate = [facts.python, "-I", "-S", GATE, str(fd)]
    if not facts.bwrap:
        return gate
    cwd = launch.cwd or os.getcwd()  # noqa: PTH109
    read = (
        *bubblewrap.interpreter_paths(facts.python),
        *bubblewrap.interpreter_paths(launch.argv[0]),
        PACKAGE,
        *launch.read,
        *process.read,
        *([cwd] if process.read_only else []),
    )
    sandbox = bubblewrap.Sandbox(
        read=read,
        write=(*process.write, *([] if process.read_only else [cwd])),
        network=process.network != "off",
        root=facts.root,
        tmp=amount("tmp", process.tmp),
    )
    return [*bubblewrap.arguments(facts.bwrap, sandbox), *gate]


def gate_settings(
    process: Process, launch: Launch, facts: Facts, report: int, stderr: int
) -> dict[str, Any]:
    """Return what the gate is told (`pool.gate`)."""
    who = facts.account
    home = "/tmp" if facts.bwrap else who.home if who is not None else "/"  # noqa: S108
    base = {"PATH": PATH, "HOME": home, "LANG": "C.UTF-8"}
    if process.memory:
        base["MALLOC_ARENA_MAX"] = ARENAS
    return {
        "argv": launch.argv,
        "env": base | dict(launch.env),
        "inherit": False,
        "cwd": launch.cwd or os.getcwd(),  # noqa: PTH109
        "umask": UMASK,
        "limits": limits(process),
        "user": who.uid if who is not None else None,
        "group": who.gid if who is not None else None,
        "groups": who.groups if who is not None else (),
        "report": report,
        "stderr": stderr,
        "keep": launch.pass_fds,
        "needs": [PACKAGE],
    }


def limits(process: Process) -> list[tuple[str, int, int]]:
    """Return the limits of each process: name, soft, hard (getrlimit(2)).

    Of memory it is the address space: a limit of the data alone can be gone around by
    shared mappings, and a control group has to be given to the server first.
    """
    found = [("RLIMIT_CORE", 0, 0)]
    if memory := amount("memory", process.memory):
        found.append(("RLIMIT_AS", memory, memory))
    if cpu := amount("cpu", process.cpu):
        found.append(("RLIMIT_CPU", cpu, cpu + CPU_GRACE))
    if process.files:
        found.append(("RLIMIT_NOFILE", process.files, process.files))
    if process.processes:
        found.append(("RLIMIT_NPROC", process.processes, process.processes))
    return found


async def _pass(
    launch: Launch, facts: Facts, report: asyncio.StreamReader, complaints: asyncio.StreamReader
) -> None:
    """Wait until the gate is passed. Raises `StartError` if it is not."""
    word = await report.read()
    if word == b".":
        return
    reason = word.removeprefix(b".").decode(errors="replace")
    if not word:
        reason = (await complaints.read()).decode(errors="replace").strip() or "it ended at once"
    if word and f"[Errno {_EAGAIN}]" in reason and facts.account is not None:
        reason += f"; user {facts.account.uid} has as many processes as it may have"
    raise StartError(f'isolation process: cannot start "{launch.argv[0]}": {reason}')


_EAGAIN = 11


def _pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    reading, writing = os.pipe()
    return (
        stack.enter_context(os.fdopen(reading, "rb", 0)),
        stack.enter_context(os.fdopen(writing, "wb", 0)),
    )


def _nameless() -> IO[bytes]:
    """Return a file that is nowhere in the file system."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("snake-gate"), "w+b")
    return tempfile.TemporaryFile()
