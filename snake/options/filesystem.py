"""filesystem: a file system by name, for file_server and the matcher file.

Syntax::

    filesystem <name> <backend> [<options...>]

snake has no backends of its own but the disk, which needs no name; others come with plugins. A
backend is a module in `caddy.fs` whose `provision` returns a `snake.files.filesystem.FileSystem`.
"""

from __future__ import annotations

from snake.config.filesystems import FileSystems, NamedFileSystem
from snake.plugin import Guests, Option, Segment


def _parse(line: Segment, earlier: FileSystems | None, guests: Guests) -> FileSystems:
    if len(line.args) <= 1:
        line.fail("filesystem takes a name and a backend")
    name = line.args[0].text
    backend = guests.json(line.rest.rest, "caddy.fs", "backend")
    entry = NamedFileSystem(name, backend)
    return FileSystems((*(earlier.filesystems if earlier else ()), entry))


filesystem = Option("filesystem", _parse)
