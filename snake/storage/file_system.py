"""Storage: where certificates, keys and accounts are kept.

Source: https://caddyserver.com/docs/caddyfile/options#storage.
"""

from __future__ import annotations

from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.core.folder import START
from snake.core.modules import Context, Module
from snake.storage.folder import FileStorage


class FileSystem(Module):
    """The JSON of `caddy.storage.file_system`: a folder."""

    id = "caddy.storage.file_system"

    root: str = ""

    async def provision(self, ctx: Context) -> FileStorage:
        """Return the folder. It is made when something is put into it."""
        del ctx
        return FileStorage(START.path(self.root))

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `file_system <root>`, or `file_system { root <root> }`."""
        del guests
        if len(line.args) > 1:
            line.args[1].fail(f"file_system takes one folder, got {len(line.args)}")
        root = line.args[0].text if line.args else ""
        for sub in subdirectives(line, ("root",)):
            word = sub.only("one folder")
            if root:
                word.fail("root is set already")
            root = word.text
        if not root:
            line.words[0].fail(
                "missing root path", "to use the default, leave the option storage out"
            )
        return cls(root=root)
