"""Sandboxes: the arguments that make one, and what an app finds in it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from snake.isolation.bubblewrap import Sandbox, arguments, fault, interpreter_paths
from tests.isolation.confining import (
    ROOT,
    UID,
    folder_of,
    needs_python,
    needs_sandbox,
    process,
    said,
)

PLAIN = Sandbox(read=(), write=("/srv/app",), network=True, root=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of an app."""
    with folder_of() as path:
        yield path


def binds(line: list[str]) -> list[tuple[str, str]]:
    """Return how, and where, folders below /srv and /opt are made or bound, in order."""
    places = {"--bind": 2, "--ro-bind": 2, "--dir": 1}
    found = [(word, line[at + places[word]]) for at, word in enumerate(line) if word in places]
    return [(how, where) for how, where in found if where.startswith(("/srv", "/opt"))]


def test_root_keeps_what_the_gate_needs_and_makes_no_user_namespace() -> None:
    """Capabilities are dropped but for three, which the gate gives up."""
    line = arguments("bwrap", PLAIN)

    assert line[:3] == ["bwrap", "--die-with-parent", "--new-session"]
    kept = [line[at + 1] for at, word in enumerate(line) if word == "--cap-add"]
    assert kept == ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"]
    assert "--unshare-user" not in line
    assert line[-1] == "--"


def test_others_make_a_user_namespace() -> None:
    """Without root there is no other way to a sandbox, and no capability to keep."""
    line = arguments("bwrap", replace(PLAIN, root=False))

    assert "--unshare-user" in line
    assert "--cap-add" not in line


def test_the_network_is_there_unless_it_is_off() -> None:
    """`network off` is a network without anything in it."""
    assert "--unshare-net" not in arguments("bwrap", PLAIN)
    assert "--unshare-net" in arguments("bwrap", replace(PLAIN, network=False))


def test_folders_come_before_those_in_them() -> None:
    """What is bound later covers what it is in, so the outer ones go first."""
    sandbox = replace(
        PLAIN,
        read=("/srv/app/venv", "/opt/python", "/usr/lib/x", "/srv/app"),
        write=("/srv/app", "/srv/app/venv/cache"),
    )

    assert binds(arguments("bwrap", sandbox)) == [
        ("--dir", "/opt"),
        ("--ro-bind", "/opt/python"),
        ("--dir", "/srv"),
        ("--bind", "/srv/app"),
        ("--ro-bind", "/srv/app/venv"),
        ("--bind", "/srv/app/venv/cache"),
    ]


def test_what_is_in_memory_is_bounded() -> None:
    """`tmp` is the size of each folder in memory that can be written to; the others cannot."""
    line = arguments("bwrap", replace(PLAIN, tmp=1000))

    sized = [line[at + 5] for at, word in enumerate(line) if word == "--size"]
    assert sized == ["/tmp", "/var/tmp", "/dev/shm"]
    fixed = [line[at + 1] for at, word in enumerate(line) if word == "--remount-ro"]
    assert fixed == ["/dev", "/"]


def test_an_interpreter_is_found_through_its_links(tmp_path: Path) -> None:
    """A venv's is a link to a link; each prefix is needed, and of a home folder only its bin."""
    home, python = tmp_path / "home", tmp_path / "opt/python3.12"
    for place in (home / "bin", python / "bin", python / "lib/python3.12", tmp_path / "venv/bin"):
        place.mkdir(parents=True)
    (tmp_path / "venv/pyvenv.cfg").touch()
    (python / "bin/python3.12").touch()
    (home / "bin/python").symlink_to("../../opt/python3.12/bin/python3.12")
    (tmp_path / "venv/bin/python").symlink_to(home / "bin/python")

    assert interpreter_paths(str(tmp_path / "venv/bin/python")) == [
        str(tmp_path / "venv"),
        str(home / "bin"),
        str(python),
    ]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    """An interpreter that links to itself is followed so far and no farther."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    assert interpreter_paths(str(tmp_path / "a")) == [str(tmp_path)]


def test_a_program_that_makes_no_sandbox_is_told() -> None:
    """What it complains of is what the user is told."""
    assert fault("/bin/false", root=False, network=True) == "it fails with exit code 1"
    assert "No such file" in fault("/nowhere/bwrap", root=False, network=True)


@needs_python
@needs_sandbox
async def test_only_what_is_given_is_there(folder: Path) -> None:
    """Its folder and what `read` and `write` name; nothing of homes, services or other tenants."""
    with folder_of() as shared, folder_of() as data:
        told = await said(
            process(read=(str(shared),), write=(str(data),)),
            "def writes(path):\n"
            "    try: open(path + '/new', 'w'); return True\n"
            "    except OSError: return False\n"
            f"say([os.listdir('/'), os.listdir('/tmp'), writes({str(shared)!r}),"
            f" writes({str(data)!r}), writes('.')])",
            folder,
        )

        top, tmp, *written = told
        assert not {"home", "run", "srv", "boot", "sys"} & set(top)
        snake = Path(sys.prefix).parts[:3]  # may lie in /tmp as well, where this is tried
        given = {path.name for path in (folder, shared, data)}
        assert set(tmp) - set(snake[2:] if snake[1] == "tmp" else ()) == given
        assert written == [False, True, True]


@needs_python
@needs_sandbox
async def test_read_only_means_its_own_folder_too(folder: Path) -> None:
    """With `read_only` an app can write to its /tmp alone."""
    told = await said(
        process(read_only=True),
        "def writes(path):\n"
        "    try: open(path + '/new', 'w'); return True\n"
        "    except OSError: return False\n"
        "say([writes('.'), writes('/tmp')])",
        folder,
    )

    assert told == [False, True]


@needs_python
@needs_sandbox
async def test_without_network_nothing_can_be_called(folder: Path) -> None:
    """Not even this machine itself: the server's ports and admin endpoint are out of reach."""
    code = (
        "import socket\n"
        "try: socket.create_connection(('127.0.0.1', {port}), 2); say('connected')\n"
        "except OSError as error: say(type(error).__name__)"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = code.format(port=server.getsockname()[1])
        assert await said(process(), code, folder) == "connected"
        assert await said(process(network="off"), code, folder) != "connected"


@needs_python
@needs_sandbox
async def test_it_sees_no_process_but_its_own(folder: Path) -> None:
    """There are bubblewrap's and its own, and not the server that started it."""
    told = await said(process(), "say([p for p in os.listdir('/proc') if p.isdigit()])", folder)

    assert sorted(told) == ["1", "2"]


@needs_python
@needs_sandbox
async def test_a_folder_that_nobody_else_can_reach_will_do(folder: Path) -> None:
    """A sandbox shows a folder however private what is around it, as a home folder is."""
    private = folder / "private"
    private.mkdir(mode=0o700)
    app = private / "app"
    app.mkdir()
    if ROOT:
        os.chown(app, UID, UID)

    assert await said(process(), "say(os.getcwd())", app) == str(app)
