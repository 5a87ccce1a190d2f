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

from snake.caddyfile.fields import Fields, Reader, Table, flag, text, texts, time
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
        fields.read(Words(line).block(), FASTCGI, {"env": env_reader(fields)})
        return msgspec.convert(fields.values, cls)


FASTCGI: Table = {
    "root": ("root", text),
    "split": ("split_path", texts),
    "resolve_root_symlink": ("resolve_root_symlink", flag),
    "dial_timeout": ("dial_timeout", time),
    "read_timeout": ("read_timeout", time),
    "write_timeout": ("write_timeout", time),
    "capture_stderr": ("capture_stderr", flag),
}


def env_reader(fields: Fields) -> Reader:
    """Return what reads `env`, of which every line counts."""

    def env(words: Words) -> None:
        match texts(words):
            case [name, value]:
                fields.make("env")
                fields.values["env"][name] = value
            case _:
                words.token.fail("env takes a name and a value")

    return env
