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

import asyncio
import logging
from functools import partial

import msgspec

from snake.caddyfile.fields import Fields, Reader, Table, flag, text, texts, time
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.config.struct import Duration, seconds
from snake.core.modules import Context, Module
from snake.http.errors import HandlerError
from snake.proxy.cgi.environment import Environment
from snake.proxy.cgi.link import Link
from snake.proxy.cgi.reply import CGIReply, read_reply
from snake.proxy.contract import Content, DialError, DialInfo, Inform, Outgoing
from snake.proxy.dialer import Dialer, Dialing, DialTimeoutError

log = logging.getLogger("snake.http.reverse_proxy.transport.fastcgi")

_DIAL_TIMEOUT = 3.0
"""Seconds."""
_MOST_BUFFERED = 4096
"""Bytes of a body whose length is not known that are read to know it."""
_WITHOUT_BODY = frozenset({"HEAD", "OPTIONS"})
_FAILURE = 400


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

    async def provision(self, ctx: Context) -> FastCGI:
        """Compile the environment."""
        for index, split in enumerate(self.split_path):
            if not split.isascii():
                raise ctx.at("split_path", index).fail(f"{split}: only ASCII may be split at")
        dial_timeout = seconds(self.dial_timeout, ctx.at("dial_timeout").path)
        return FastCGI(
            Environment(self.root, self.split_path, self.env, real_root=self.resolve_root_symlink),
            _DIAL_TIMEOUT if dial_timeout is None else dial_timeout,
            seconds(self.read_timeout, ctx.at("read_timeout").path),
            seconds(self.write_timeout, ctx.at("write_timeout").path),
            capture_stderr=self.capture_stderr,
        )

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> FastCGITransport:
        """Read `fastcgi { … }`."""
        del guests
        fields = Fields()
        fields.read(Words(line).block(), FASTCGI, {"env": env_reader(fields)})
        return msgspec.convert(fields.values, cls)


class FastCGI:
    """The transport, as it runs. Each request has a connection of its own."""

    encrypted = False

    def __init__(
        self,
        environment: Environment,
        dial_timeout: float,
        read_timeout: float | None,
        write_timeout: float | None,
        *,
        capture_stderr: bool,
    ) -> None:
        self._environment = environment
        self._dialer = Dialer(Dialing(timeout=dial_timeout))
        self._read_timeout = read_timeout
        self._write_timeout = write_timeout
        self._capture_stderr = capture_stderr

    async def round_trip(self, to: DialInfo, outgoing: Outgoing, inform: Inform) -> CGIReply:
        """Send a request, and return the response when its head is there.

        Raises what `Transport.round_trip` says, and `HandlerError` for a request that no CGI
        program could be given.
        """
        del inform
        link = await self._connect(to)
        told = partial(self._tell, to, outgoing)
        try:
            link.limit(self._read_timeout, self._write_timeout)
            length, content = await _body(outgoing)
            link.send(self._environment.of(outgoing, length), content)
            return await read_reply(link, outgoing.method, told)
        except BaseException:
            link.close()
            told(_FAILURE, bytes(link.stderr))
            raise

    async def _connect(self, to: DialInfo) -> Link:
        try:
            sock = await self._dialer.dial(to)
        except DialTimeoutError as error:
            # As in Caddy, only the time of an answer is a 504 here.
            raise DialError(str(error)) from None
        _, link = await asyncio.get_running_loop().create_connection(Link, sock=sock)
        return link

    def _tell(self, to: DialInfo, outgoing: Outgoing, status: int, stderr: bytes) -> None:
        """Log what the program said on stderr."""
        if not (stderr and self._capture_stderr):
            return
        level = logging.ERROR if status >= _FAILURE else logging.WARNING
        fields = {
            "body": stderr.decode("utf-8", "replace"),
            "dial": to.address,
            "method": outgoing.method,
            "uri": outgoing.request.uri,
        }
        log.log(level, "stderr", extra={"fields": fields})


async def _body(outgoing: Outgoing) -> tuple[int, Content | bytes]:
    """Return the body and its length, which CGI has to know before.

    Of a short one in chunks it is found out; for a longer one, the proxy has `request_buffers`.
    Raises `HandlerError`.
    """
    content = outgoing.content
    if content is None:
        return 0, b""
    if content.length is not None:
        return content.length, b"" if outgoing.method in _WITHOUT_BODY else content
    data = b""
    while piece := await content.read():
        data += piece
        if len(data) > _MOST_BUFFERED:
            raise HandlerError(411)
    return len(data), b"" if outgoing.method in _WITHOUT_BODY else data


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
