"""An app that is isolated does what it can to its server and its neighbours.

Each attack is tried without a sandbox, where the user and the limits stand alone, and in one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from tests.hostile.tenants import EVIL, GOOD, SECRET, SERVER_SECRET, Tenants, tenants
from tests.isolation.confining import needs_python, needs_root, needs_sandbox
from tests.server import ROOT

READABLE = all(path.stat().st_mode & 0o005 == 0o005 for path in (ROOT, *ROOT.parents))

pytestmark = [
    needs_root,
    needs_python,
    pytest.mark.skipif(not READABLE, reason="this checkout is where only root can read it"),
]

LIMITS = "memory 256MiB\nfiles 128\nprocesses 24\ncpu 1h\n"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("bubblewrap off", id="user and limits"),
        pytest.param("bubblewrap on\ntmp 20MB\n", id="sandbox", marks=needs_sandbox),
    ],
)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tenants]:
    """Two tenants on one server."""
    with tenants(tmp_path_factory.mktemp("server"), LIMITS + request.param) as running:
        yield running


def test_another_tenants_files_are_out_of_reach(both: Tenants) -> None:
    """Neither its folder nor its temporary files can be read, or listed."""
    kept = httpx.get(f"{both.server.url}/good").text
    assert both.unharmed()
    for path in (both.good / "secret.txt", both.good / "main.py", kept):
        if str(path) == kept and not Path(kept).exists():
            continue  # it is in a /tmp of its own
        told = both.run(f"result = open({str(path)!r}).read()")
        assert told.startswith(("PermissionError", "FileNotFoundError"))

    told = both.run(f"import os; result = os.listdir({str(both.good)!r})")
    assert told.startswith(("PermissionError", "FileNotFoundError"))


def test_nobody_elses_environment_or_memory_can_be_read(both: Tenants) -> None:
    """No process shows it a secret of another tenant or of the server, nor its memory."""
    seen = both.run(
        "import glob\n"
        "seen = []\n"
        "for path in glob.glob('/proc/[0-9]*/environ'):\n"
        "    try: seen.append(open(path, errors='replace').read())\n"
        "    except OSError: pass\n"
        "result = seen"
    )

    assert seen
    assert SECRET not in str(seen)
    assert SERVER_SECRET not in str(seen)
    for pid in (both.server.pid, *_processes_of(GOOD)):
        told = both.run(f"result = len(open('/proc/{pid}/mem', 'rb').read(1))")
        assert told.startswith(("PermissionError", "FileNotFoundError"))


def test_another_tenants_socket_is_out_of_reach(both: Tenants) -> None:
    """The folder of the sockets cannot be entered, so nobody but a worker asks an app."""
    assert both.sockets()

    for path in both.sockets():
        told = both.run(
            "import socket; s = socket.socket(socket.AF_UNIX); "
            f"s.connect({path!r}); result = 'connected'"
        )
        assert told.startswith(("PermissionError", "FileNotFoundError"))


def test_another_tenants_cache_is_out_of_reach(both: Tenants) -> None:
    """Each tenant has a cache of its own, and nobody sees one without its token."""
    assert httpx.get(f"{both.server.url}/good").status_code == 200  # it keeps its secret there

    told = both.run(
        "import os\nfrom snake import cache\n"
        "cache.set('own', 'mine')\n"
        "result = [str(cache.get('own')), str(cache.get('secret')), os.environ['SNAKE_CACHE']]\n"
    )
    assert "mine" in told[0], told
    assert SECRET not in told[1]
    address = told[2].partition("?")[0]
    told = both.run(
        "from snake.cache import Cache\n"
        f"result = str(Cache({address!r} + '?token=' + 'x' * 64).get('secret'))"
    )
    assert SECRET not in told


def test_it_can_write_in_its_own_folder_alone(both: Tenants) -> None:
    """The system, the server's files, snake itself and other tenants are not to be changed."""
    assert both.run("open('own.txt', 'w').write('x'); result = 'written'") == "written"

    places = ["/etc", "/usr/bin", "/var", "/root", str(ROOT / "snake"), str(both.good), "/"]
    for place in [*places, str(both.server.folder)]:
        told = both.run(f"open({place!r} + '/written', 'w'); result = 'written'")
        assert told != "written", place


def test_it_can_become_nobody_else(both: Tenants) -> None:
    """There is no way back to root: no system call has it, and no program gives it."""
    told = both.run(
        "import os, subprocess\n"
        "result = []\n"
        "for call in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]),\n"
        "             lambda: os.chroot('/'), lambda: os.chown('main.py', 0, 0)):\n"
        "    try: call(); result.append('done')\n"
        "    except OSError: pass\n"
        "status = open('/proc/self/status').read()\n"
        "result += [status.split('NoNewPrivs:\\t')[1][0], os.getresuid()]"
    )

    assert told == ["1", [EVIL] * 3]


def test_a_fork_bomb_is_bounded(both: Tenants) -> None:
    """It makes as many processes as it may and not one more; the neighbour answers meanwhile."""
    made = both.run(
        "import os, time\n"
        "result = 0\n"
        "try:\n"
        "    while result < 1000:\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(3); os._exit(0)\n"
        "        result += 1\n"
        "except OSError: pass"
    )

    assert 0 < made < 24
    assert both.unharmed()
    _until(lambda: both.run("result = 1") == 1)


def test_memory_is_bounded(both: Tenants) -> None:
    """A gigabyte is refused, private or shared with itself, and the app goes on."""
    assert both.run("result = len(bytearray(1 << 30))").startswith("MemoryError")
    assert "Cannot allocate" in both.run("import mmap; mmap.mmap(-1, 1 << 30); result = 'mapped'")
    assert both.run("result = 1") == 1


def test_open_files_are_bounded(both: Tenants) -> None:
    """Ten thousand files are some hundred, and then an error."""
    opened = both.run(
        "result = 0\n"
        "files = []\n"
        "try:\n"
        "    while result < 10_000:\n"
        "        files.append(open('/dev/null')); result += 1\n"
        "except OSError: pass"
    )

    assert 50 < opened < 128
    assert both.unharmed()


def test_temporary_files_are_bounded_in_a_sandbox(both: Tenants) -> None:
    """Its /tmp and its shared memory are as large as `tmp` says; nothing is made around them."""
    if not both.sandbox:
        pytest.skip("without a sandbox /tmp is the system's")
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        told = both.run(
            "import os\n"
            f"with open('{folder}/full', 'wb') as file:\n"
            "    try:\n"
            "        for _ in range(40): file.write(bytes(1 << 20))\n"
            "    finally:\n"
            "        os.unlink(file.name)\n"
        )
        assert "No space left" in told
    for folder in ("/", "/dev", "/run", "/tmp/.."):
        assert "Error" in both.run(f"open('{folder}/filled', 'w')")


def test_killing_all_it_can_kills_only_itself(both: Tenants) -> None:
    """`kill -9 -1` ends its own processes; it is started again, and the others have not noticed."""
    before = _processes_of(GOOD)

    with suppress(httpx.HTTPError, json.JSONDecodeError):
        both.run("import os; os.kill(-1, 9); os.kill(os.getpid(), 9)")

    assert both.unharmed()
    assert _processes_of(GOOD) == before
    _until(lambda: both.run("result = 1") == 1)


def test_what_it_says_in_its_hosts_name_is_not_believed(both: Tenants) -> None:
    """It takes over the process that forks it, and names the server as a fork to be killed."""
    theirs = both.server.pid
    told = both.run(
        "import ctypes, json, os, socket\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "pidfd = os.pidfd_open(os.getppid())\n"
        "result = 'not taken over'\n"
        "for number in range(3, 20):\n"
        "    fd = libc.syscall(438, pidfd, number, 0)\n"
        "    if fd < 0: continue\n"
        "    try: sock = socket.socket(fileno=fd)\n"
        "    except OSError: continue\n"
        "    for serial in (1, 2, 77):\n"
        f"        body = json.dumps(['Forked', serial, {theirs}, '']).encode()\n"
        "        body2 = json.dumps(['Exited', serial, 0]).encode()\n"
        "        try:\n"
        "            for b in (body, body2, b'rubbish'):\n"
        "                sock.sendall(len(b).to_bytes(4, 'big') + b)\n"
        "            result = 'said'\n"
        "        except OSError: pass\n"
        "    sock.detach()\n"
    )

    assert told in ("said", "not taken over", 502)  # its host may be ended for what it says
    assert both.server.process.poll() is None
    assert both.unharmed()
    _until(lambda: both.run("result = 1") == 1)


def _until(true: object, limit: float = 20) -> None:
    """Wait until the evil tenant is back."""
    end = monotonic() + limit
    while monotonic() < end:
        with suppress(httpx.HTTPError, json.JSONDecodeError):
            if true():  # type: ignore[operator]
                return
        sleep(0.05)
    raise AssertionError("it does not come back")


def _processes_of(user: int) -> set[int]:
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if folder.stat().st_uid == user:
                found.add(int(folder.name))
    assert os.getpid() not in found
    return found
