"""The program: what runs in a standalone executable, of an app or of snake itself.

Such a file has no Python beside it, and yet snake starts processes of its own Python
(`snake.engine.spawner`, `snake.cli.again`), and so do apps (`multiprocessing`). In a frozen program
`sys.executable` is the program, so it is made to be one: begun with `-c`, and flags of Python
before it, it runs that code, and nothing else of this module.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, NoReturn

from snake.bundle.layout import APP, SETTINGS, VENV, packages
from snake.fork.standard import open_standard

FLAGS = frozenset({"-B", "-E", "-I", "-O", "-OO", "-P", "-S", "-d", "-s", "-u", "-v"})
"""The flags of Python that may stand before `-c`: those that snake and `multiprocessing` write."""


def main(home: Path, root: Path) -> None:
    """Run the program, and exit with its code.

    `home` is the folder that PyInstaller's bootloader made, `root` that of the program's files.
    """
    open_standard()
    _restore("LD_LIBRARY_PATH")
    _restore("LIBPATH")
    if (at := code_at(sys.argv)) is not None:
        _run_code(sys.argv, at, root)
        return
    if sys.argv[1:2] == ["--multiprocessing-fork"]:
        from multiprocessing.spawn import freeze_support  # noqa: PLC0415  (an app's)

        freeze_support()
    _serve(home, root)


def code_at(argv: Sequence[str]) -> int | None:
    """Return where the code is in a command line of Python; `None` if it is one for snake."""
    for at, word in enumerate(argv[1:], 1):
        if word == "-c":
            return at + 1 if at + 1 < len(argv) else None
        if word not in FLAGS:
            return None
    return None


def arguments(settings: dict[str, str], given: Sequence[str], root: Path) -> list[str]:
    """Return the arguments of `python-server` for an app: what is packed, then what is given.

    Files of `--static-path` are the packed ones, if the app has such a folder.
    """
    app = root / APP
    words = ["--app", settings["app"], "--server-type", settings["server_type"]]
    words += ["--working-dir", str(app)]
    if (root / VENV).is_dir():
        words += ["--venv", str(root / VENV)]
    before = ""
    for word in given:
        flag, equals, value = word.partition("=")
        if before == "--static-path" and (app / word).is_dir():
            words.append(str(app / word))
        elif flag == "--static-path" and equals and (app / value).is_dir():
            words.append(f"{flag}={app / value}")
        else:
            words.append(word)
        before = word
    return words


def _serve(home: Path, root: Path) -> NoReturn:
    """Be snake, or the server of the app."""
    argv, name = sys.argv, Path(sys.argv[0]).name
    file = root / SETTINGS
    settings = json.loads(file.read_bytes()) if file.exists() else None
    if settings is not None:
        argv = [argv[0], "python-server", *arguments(settings, argv[1:], root)]
        _link_python(root / VENV)
    with _holding(home, root):
        from snake.cli.early import fork  # noqa: PLC0415  (as in `snake.__main__`)

        early = fork(argv)
        from snake.cli.main import main as run  # noqa: PLC0415

        if settings is None:
            code = run(argv[1:], early)
        else:
            from snake.cli.python_server import command  # noqa: PLC0415

            code = run(argv[2:], early, command, name)
    sys.exit(code)


def _holding(home: Path, root: Path) -> Any:  # noqa: ANN401  (a context)
    if os.name != "posix":
        return nullcontext()
    from snake.bundle.extraction import holding  # noqa: PLC0415

    return holding(home, root)


def _run_code(argv: list[str], at: int, root: Path) -> None:
    """Be Python, with `-c`."""
    import site  # noqa: PLC0415  (not for snake itself)

    # What is in the user's home is no part of the program.
    site.ENABLE_USER_SITE = False
    if "-S" in argv[:at]:
        sys.path[:] = [path for path in sys.path if path != str(packages(root))]
    if (Path(argv[0]).parent.parent / "pyvenv.cfg").is_file():
        sys.executable = argv[0]  # as Python does if it is called by a link in a venv
    code = compile(argv[at], "<string>", "exec")
    sys.argv = ["-c", *argv[at + 1 :]]
    try:
        exec(code, {"__name__": "__main__", "__builtins__": __builtins__})  # noqa: S102  (see above)
    finally:
        _open_streams()


def _open_streams() -> None:
    """Have streams that can be flushed, as the bootloader does at the end.

    `multiprocessing` closes those of a process that has nothing to say.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and stream.closed:
            nowhere = open(os.devnull, "w")  # noqa: PTH123, SIM115  (until the end)
            setattr(sys, name, nowhere)
            setattr(sys, f"__{name}__", nowhere)


def _restore(name: str) -> None:
    """Give a variable its value back, which PyInstaller changed to find its libraries.

    What this process loads is looked for where the variable said when it started. Other programs
    are not to get these libraries in place of their own.
    """
    before = os.environ.pop(f"{name}_ORIG", None)
    if before is not None:
        os.environ[name] = before
    else:
        os.environ.pop(name, None)


def _link_python(venv: Path) -> None:
    """Let the program be the Python of the packed venv, for an app that cannot be in the workers.

    That is one whose packages and snake's do not go together.
    """
    if venv.is_dir() and os.name == "posix":
        with suppress(FileExistsError):
            (venv / "bin").mkdir()
        with suppress(FileExistsError):
            (venv / "bin/python3").symlink_to(sys.executable)
