"""A page of the documentation, followed to the letter in a folder of its own.

Blocks with a title are written as files, each `$ ` line of a `console` block is run, and what
stands below it is what it must print: `...` is anything, alone on a line any lines.
`snake run` and `snake python-server` stay until the next one or the end of the page. Below the
comment `<!-- soon -->` that need not be so at once.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from tests.docs.blocks import Block, blocks
from tests.server import Server, environment, free_ports

PORTS = ("9080", "9081", "9082")
"""The ports that pages are written with."""
SERVING = ("run", "python-server", "file-server", "reverse-proxy", "respond")
LIMIT = 30.0


class Tutorial:
    """A reader who does what a page says."""

    def __init__(self, page: Path, folder: Path) -> None:
        self._page = page
        self._folder = folder / "here"
        self._beside = folder / "beside"
        self._folder.mkdir()
        self._beside.mkdir()
        (self._beside / ".curlrc").write_text("silent\nshow-error\n")
        self._ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        self._server: Server | None = None

    def follow(self) -> None:
        """Do all of it. Raises AssertionError where something else happens than the page says."""
        try:
            for block in blocks(self._page):
                if block.title:
                    self._write(block)
                elif block.language == "console":
                    self._type(block)
        finally:
            self._stop()

    def _write(self, block: Block) -> None:
        path = self._folder / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(block.text))

    def _type(self, block: Block) -> None:
        """Run the commands of a block, and compare what they print."""
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, rest = part.partition("\n")
            while command.endswith("\\"):
                line, _, rest = rest.partition("\n")
                command = command[:-1] + line
            self._run(block, self._here(command), rest.strip("\n"))

    def _run(self, block: Block, command: str, expected: str) -> None:
        words = shlex.split(command, comments=True)
        if words[:2] == ["pip", "install"]:
            for package in words[2:]:
                assert version(package.partition("[")[0])
        elif words[0] == "snake" and words[1] in SERVING:
            self._serve(words[1:])
        else:
            printed = self._printed(command, expected, LIMIT if block.note == "soon" else 0)
            assert matches(expected, printed), (
                f"{block}: {command}\nexpected:\n{expected}\n\nprinted:\n{printed}\n\n"
                f"log:\n{self._server.log if self._server else ''}"
            )

    def _printed(self, command: str, expected: str, patience: float) -> str:
        """Return what a command prints; with patience it is run until that is as expected."""
        end = time.monotonic() + patience
        while True:
            printed = self._there(self._output(command))
            if matches(expected, printed) or time.monotonic() > end:
                return printed
            time.sleep(0.1)

    def _serve(self, words: list[str]) -> None:
        self._stop()
        with (self._beside / "stdout.txt").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "snake", *words],
                cwd=self._folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                text=True,
            )
        self._server = Server(process, int(self._ports["9080"]), self._beside)
        self._server.wait_for("serving")

    def _output(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        # On a terminal a log is short lines of words; a page leaves it out.
        return re.sub(r"^\{\"level\":.*\n", "", done.stdout, flags=re.MULTILINE)

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return environment(self._beside) | {"PATH": path, "CURL_HOME": str(self._beside)}

    def _stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _here(self, text: str) -> str:
        """Put ports of this test in the place of the page's."""
        return re.sub("|".join(PORTS), lambda found: self._ports[found[0]], text)

    def _there(self, text: str) -> str:
        """Undo that, in what was printed."""
        for theirs, ours in self._ports.items():
            text = text.replace(ours, theirs)
        return text


def matches(expected: str, printed: str) -> bool:
    """Whether this is what was expected, but for spaces at ends of lines."""
    lines = [
        r"(?:.*\n)*?"
        if line.strip() == "..."
        else re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r"\n"
        for line in expected.split("\n")
    ]
    text = "\n".join(line.rstrip() for line in printed.replace("\r", "").strip("\n").split("\n"))
    return re.fullmatch("".join(lines), text + "\n") is not None
