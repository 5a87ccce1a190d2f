"""The FastCGI transport: how requests go to an upstream such as php-fpm.

Syntax, inside `reverse_proxy`::

    transport fastcgi {
        root <path>
        split <at...>
        env <name> <value>
        resolve_root_symlink
        dial_timeout | read_timeout | write_timeout <duration>
        capture_stderr
    }
"""

from __future__ import annotations

import msgspec

from snake.caddyfile.fields import Fields, Reader, flag, read_block, text, texts, time
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.config.struct import Duration
from snake.core.modules import Module


class FastCGITransport(Module):
    """The JSON of `http.reverse_proxy.transport.fastcgi`."""

    id = "http.reverse_proxy.transport.fastcgi"

    root: str = ""
    split_path: tuple[str, ...] = ()
    resolve_root_symlink: bool = False
    env: dict[str, str] = {}
    dial_timeout: Duration = 0
    read_timeout: Duration = 0
    write_timeout: Duration = 0
    capture_stderr: bool = False

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> FastCGITransport:
        """Read `fastcgi { … }`."""
        del guests
        fields = Fields()
        read_block(Words(line).block(), fastcgi_readers(fields))
        return msgspec.convert(fields.values, cls)


_TABLE = {
    "root": ("root", text),
    "split": ("split_path", texts),
    "resolve_root_symlink": ("resolve_root_symlink", flag),
    "dial_timeout": ("dial_timeout", time),
    "read_timeout": ("read_timeout", time),
    "write_timeout": ("write_timeout", time),
    "capture_stderr": ("capture_stderr", flag),
}


def fastcgi_readers(fields: Fields) -> dict[str, Reader]:
    """Return what reads the subdirectives of the transport into `fields`."""

    def env(words: Words) -> None:
        match texts(words):
            case [name, value]:
                fields.make("env")
                fields.values["env"][name] = value
            case _:
                words.token.fail("env takes a name and a value")

    return fields.readers(_TABLE) | {"env": env}
