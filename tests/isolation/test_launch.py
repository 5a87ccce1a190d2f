"""Starting the process that runs an app, apart from the rest."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from snake.core.errors import ConfigError, StartError
from snake.isolation.control_group import make_group
from snake.python.isolation import Isolation
from tests.isolation.confining import (
    ROOT,
    UID,
    folder_of,
    needs_python,
    needs_root,
    needs_sandbox,
    process,
    said,
    start,
)

pytestmark = needs_python

BOTH = [
    pytest.param("off", id="without a sandbox"),
    pytest.param("on", id="in a sandbox", marks=needs_sandbox),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of an app."""
    with folder_of() as path:
        yield path


@pytest.mark.parametrize("isolation", [None, Isolation(backend="none")])
async def test_without_isolation_it_is_a_plain_process(
    isolation: Isolation | None, folder: Path
) -> None:
    """It has the given environment, folder and descriptors, and the server's user."""
    told = await said(isolation, "say([dict(os.environ)['OWN'], os.getcwd(), os.getuid()])", folder)

    assert told == ["variable", str(folder), os.getuid()]


@needs_root
@pytest.mark.parametrize("sandbox", BOTH)
async def test_it_runs_as_its_user_and_cannot_come_back(sandbox: str, folder: Path) -> None:
    """All its user and group numbers are its own; it has no other group, capability or way up."""
    uids, gids, groups, status = await said(
        process(bubblewrap=sandbox),
        "say([os.getresuid(), os.getresgid(), os.getgroups(), open('/proc/self/status').read()])",
        folder,
    )

    assert uids == [UID] * 3
    assert gids == [UID] * 3
    assert groups in ([], [UID])
    lines = dict(line.split(":\t", 1) for line in status.splitlines())
    assert {lines[f"Cap{name}"] for name in ("Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert lines["NoNewPrivs"] == "1"


@pytest.mark.parametrize("sandbox", BOTH)
async def test_its_environment_is_its_own(
    sandbox: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its own variables and four that any program needs, none of the server's."""
    monkeypatch.setenv("DATABASE_PASSWORD", "of the server")

    told = await said(process(bubblewrap=sandbox), "say(dict(os.environ))", folder)

    assert told.pop("OWN") == "variable"
    assert told.pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"  # Python's own doing
    assert set(told) == {"PATH", "HOME", "LANG"}


@pytest.mark.parametrize("sandbox", BOTH)
async def test_it_has_no_descriptor_but_those_it_is_given(sandbox: str, folder: Path) -> None:
    """Nothing that the server or the gate had open is left open, not even inheritable files."""
    with open("/etc/hostname") as secret:  # noqa: PTH123, ASYNC230
        os.set_inheritable(secret.fileno(), True)  # noqa: FBT003
        told = await said(
            process(bubblewrap=sandbox),
            "say({n: os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')"
            " if os.path.exists(f'/proc/self/fd/{n}')})",
            folder,
        )

    assert told["0"] == "/dev/null"
    assert {path.partition(":")[0] for path in told.values()} - {"/dev/null"} == {"pipe"}
    assert len(told) == 4


@pytest.mark.parametrize("sandbox", BOTH)
async def test_its_limits_are_set(sandbox: str, folder: Path) -> None:
    """Memory, CPU time, files and processes are bounded; there are no core dumps."""
    isolation = process(
        bubblewrap=sandbox, memory="256MiB", cpu="90s", files=99, processes=64 if ROOT else 0
    )

    told = await said(
        isolation,
        "import resource as r\n"
        "say([r.getrlimit(getattr(r, 'RLIMIT_' + n))"
        " for n in ('AS', 'CPU', 'NOFILE', 'CORE', 'NPROC')])",
        folder,
    )

    assert told[:4] == [[256 * 1024**2] * 2, [90, 95], [99, 99], [0, 0]]
    assert not ROOT or told[4] == [64, 64]


@pytest.mark.parametrize("sandbox", BOTH)
async def test_what_it_prints_is_passed_on_without_what_a_terminal_obeys(
    sandbox: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its output comes through a pipe, line by line; a control character is an escape."""
    await said(
        process(bubblewrap=sandbox),
        "print('plain'); print('\\x1b[2Jred', file=sys.stderr); sys.stdout.flush(); say(1)",
        folder,
    )
    async with asyncio.timeout(5):
        text = ""
        while "red" not in text or "plain" not in text:
            text += capfd.readouterr().err
            await asyncio.sleep(0.01)

    assert "plain\n" in text
    assert "\\x1b[2Jred\n" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("sandbox", BOTH)
async def test_kill_ends_it_with_all_that_it_started(sandbox: str, folder: Path) -> None:
    """A child of it, which would hold on to what it has open, is gone as well."""
    program = await start(
        process(bubblewrap=sandbox),
        "import subprocess, time\nsubprocess.Popen(['/bin/sleep', '60'])\nsay(1)\ntime.sleep(60)",
        folder,
    )
    await program.began()

    program.launched.kill()

    assert await program.said() == 1  # the pipe has no other end any more
    assert program.launched.exited.result() in (-signal.SIGKILL, 128 + signal.SIGKILL)


@pytest.mark.skipif(make_group() is None, reason="no control group can be made here")
@needs_root
async def test_what_has_left_its_session_ends_as_well(folder: Path) -> None:
    """A daemon of the app, without parent, session or anything open, is in its group still."""
    code = (
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    pid = os.fork()\n"
        "    if pid: say(pid); os._exit(0)\n"
        "    os.closerange(3, 99); os.execv('/bin/sleep', ['sleep', '61'])\n"
        "import time; time.sleep(60)"
    )
    program = await start(process(bubblewrap="off"), code, folder)
    await program.began()

    program.launched.kill()
    daemon = await program.said()

    async with asyncio.timeout(10):
        while _is_running(daemon):  # noqa: ASYNC110  (nothing tells when a stranger ends)
            await asyncio.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return "State:\tZ" not in status


@pytest.mark.parametrize("sandbox", BOTH)
async def test_what_cannot_be_started_is_told(sandbox: str, folder: Path) -> None:
    """A missing interpreter is an error that names it, and leaves no process behind."""
    with pytest.raises(StartError, match="No such file or directory: '/nowhere/python'"):
        await start(process(bubblewrap=sandbox), "", folder, python="/nowhere/python")


@needs_root
async def test_a_folder_that_its_user_cannot_enter_is_told(folder: Path) -> None:
    """The app's user has no right to the folder: said at the start, with its name."""
    with pytest.raises(StartError, match=f"Permission denied: '{folder}'"):
        await said(process(user=str(UID + 1), bubblewrap="off"), "say(1)", folder)


@needs_root
async def test_root_is_no_isolation(folder: Path) -> None:
    """A server that is root needs a user for the app, which no sandbox replaces."""
    with pytest.raises(StartError, match="snake runs as root, and so would the app"):
        await said(process(user=""), "say(1)", folder)
    with pytest.raises(ConfigError, match="user root is no isolation"):
        await said(process(user="root"), "say(1)", folder)
    with pytest.raises(StartError, match='user "00" is root'):
        await said(process(user="00"), "say(1)", folder)


@needs_root
async def test_a_folders_owner_may_be_the_user(folder: Path) -> None:
    """With `user owner` each tenant has the user whom its folder belongs to; root is none."""
    assert await said(process(user="owner", bubblewrap="off"), "say(os.getuid())", folder) == UID

    os.chown(folder, 0, 0)
    with pytest.raises(StartError, match="belongs to root; give it to the app's user: chown"):
        await said(process(user="owner"), "say(1)", folder)


@pytest.mark.skipif(ROOT, reason="root can become anyone")
async def test_only_root_can_change_the_user(folder: Path) -> None:
    """A server that is not root says that it cannot become somebody else."""
    with pytest.raises(StartError, match=r"only run as user .* when snake runs as root"):
        await said(process(user=str(UID)), "say(1)", folder)


async def test_unknown_names_are_told(folder: Path) -> None:
    """A user or group that the system does not know is an error."""
    with pytest.raises(StartError, match='there is no user "nobody-such"'):
        await said(process(user="nobody-such"), "say(1)", folder)
    with pytest.raises(StartError, match='there is no group "nobody-such"'):
        await said(process(user=str(UID), group="nobody-such"), "say(1)", folder)


async def test_missing_bubblewrap_is_told_with_the_way_to_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that only a sandbox can honour is refused without, and how to get it is told."""
    monkeypatch.setattr("snake.isolation.bubblewrap.find", lambda: None)

    with pytest.raises(StartError, match=r"network off needs bubblewrap.*apt-get install bubble"):
        await said(process(network="off"), "say(1)", folder)


@pytest.mark.parametrize("field", ["read", "write"])
@needs_sandbox
async def test_a_path_that_is_not_there_is_told(field: str, folder: Path) -> None:
    """A sandbox can show only what there is."""
    with pytest.raises(StartError, match='"/nowhere/at/all" does not exist'):
        await said(process(**{field: ("/nowhere/at/all",)}), "say(1)", folder)


async def test_processes_are_counted_by_user(folder: Path) -> None:
    """A bound of processes without a user of the app's own would count everybody's."""
    if ROOT:
        told = await said(
            process(processes=64, bubblewrap="off"),
            "import resource as r; say(r.getrlimit(r.RLIMIT_NPROC))",
            folder,
        )
        assert told == [64, 64]
    else:
        with pytest.raises(StartError, match="processes needs a user of the app's own"):
            await said(process(processes=64, bubblewrap="off"), "say(1)", folder)
