"""Bubblewrap: the sandbox of `isolation process`, where it is installed and may be used.

Bubblewrap (bwrap(1), Debian's package `bubblewrap`) starts a program that sees a file system
made of what it is given, processes of its own, and a network or none. What it is given is
said here, as a function from facts to arguments. Nothing else is there: other tenants' folders,
the server's configuration, sockets and certificates are not hidden, they are absent.

As root, bubblewrap needs no user namespace, so it works where those are forbidden; the
gate (`pool.gate`) then changes the user inside. Otherwise it makes one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

from snake.core.record import Record

INSTALL = "install it (on Debian: apt-get install bubblewrap)"

_LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""Folders of the system that are links into /usr nowadays."""
_ETC = (
    *("alternatives", "ca-certificates", "ca-certificates.conf", "gai.conf", "group", "host.conf"),
    *("hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "magic", "mime.types"),
    *("nsswitch.conf", "passwd", "pki", "protocols", "resolv.conf", "services", "ssl", "timezone"),
)
"""What libraries read in /etc. The keys in /etc/ssl/private are only root's to read."""
_OWN = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  (they are the sandbox's own)
_PROBE_LIMIT = 10.0


class Sandbox(Record):
    """What is in a sandbox."""

    read: tuple[str, ...]
    """Folders and files that can be read."""
    write: tuple[str, ...]
    """Those that can be written, too; they win."""
    network: bool
    root: bool
    """Whether the server is root, so that bubblewrap is."""
    tmp: int | None = None
    """Bytes of /tmp, and again of /dev/shm; `None` for what the system gives."""


def arguments(program: str, sandbox: Sandbox) -> list[str]:
    """Return the command line before the program that runs inside."""
    line = [program, "--die-with-parent", "--new-session"]
    line += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if not sandbox.network:
        line.append("--unshare-net")
    if sandbox.root:
        line += ["--cap-drop", "ALL"]
        for name in ("SETUID", "SETGID", "SETPCAP"):  # until the gate is passed
            line += ["--cap-add", f"CAP_{name}"]
    else:
        line.append("--unshare-user")
    line += ["--ro-bind", "/usr", "/usr"]
    for path in _LINKED:
        line += _linked(path)
    for name in _ETC:
        line += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    line += ["--proc", "/proc", "--dev", "/dev"]
    size = [] if sandbox.tmp is None else ["--size", str(sandbox.tmp)]
    for path in _OWN:
        line += [*size, "--perms", "1777", "--tmpfs", path]
    line += _binds(sandbox)
    # What bubblewrap made to hang all that on is memory, and not the app's to fill.
    line += ["--remount-ro", "/dev", "--remount-ro", "/"]
    return [*line, "--"]


@cache
def find() -> str | None:
    """Return the path of bubblewrap, if it is installed."""
    return shutil.which("bwrap")


@cache
def fault(program: str, *, root: bool, network: bool) -> str:
    """Return why a sandbox cannot be made on this machine; nothing if it can.

    It is tried, since it depends on the kernel, its settings, and any container around snake.
    """
    bare = Sandbox((), (), network=network, root=root)
    try:
        done = subprocess.run(  # noqa: S603
            [*arguments(program, bare), "/bin/sh", "-c", ":"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={},
            timeout=_PROBE_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:  # a system call that it needs is forbidden
        return f"it does not end within {_PROBE_LIMIT:g} s"
    except OSError as error:
        return str(error)
    complaint = done.stderr.decode(errors="replace").strip()
    return (complaint or f"it fails with exit code {done.returncode}") if done.returncode else ""


def interpreter_paths(python: str) -> list[str]:
    """Return what must be readable for an interpreter to run: its prefix, and those it links to.

    `python` may be a venv's, a link to a link to what some tool installed in a home folder. Only a
    folder that looks like a prefix is taken whole, lest it is somebody's home.
    """
    paths = []
    at = Path(os.path.abspath(python))  # noqa: PTH100  (`resolve` would skip the links)
    for _ in range(40):
        prefix = at.parent.parent
        paths.append(str(prefix if _is_prefix(prefix) else at.parent))
        if not at.is_symlink():
            break
        at = Path(os.path.normpath(at.parent / at.readlink()))
    return list(dict.fromkeys(paths))


def _is_prefix(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists() or any(folder.glob("lib*/python3*"))


def _linked(path: str) -> list[str]:
    if os.path.islink(path):  # noqa: PTH114
        return ["--symlink", os.readlink(path), path]  # noqa: PTH115
    return ["--ro-bind-try", path, path]


def _binds(sandbox: Sandbox) -> list[str]:
    """Bind folders before those inside them, each with the right that was given last."""
    rights = dict.fromkeys(_clean(sandbox.read), "--ro-bind")
    rights |= dict.fromkeys(_clean(sandbox.write), "--bind")
    line: list[str] = []
    bound, made = {"/usr"}, {"/", *_OWN}
    for path in sorted(rights, key=lambda path: (path.count("/"), path)):
        if rights[path] == "--ro-bind" and _is_in(path, {"/usr"}):
            continue
        # By itself bubblewrap makes them for its own user alone, if the folder is.
        for folder in map(str, reversed(Path(path).parents)):
            if folder not in made and not _is_in(folder, bound):
                line += ["--dir", folder]
                made.add(folder)
        line += [rights[path], os.path.realpath(path), path]
        bound.add(path)
    return line


def _clean(paths: Iterable[str]) -> list[str]:
    return [os.path.normpath(path) for path in paths]


def _is_in(path: str, folders: Collection[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
