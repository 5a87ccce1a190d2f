"""Handshake: TLS on a new connection, until both sides can send (RFC 8446, RFC 5246).

The ClientHello is read before OpenSSL sees it: policy and certificate are chosen by it, and may be
waited for. Then OpenSSL gets all that came. Each step has a bound in bytes, all of them one in
time.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, cast

from snake.core.modules import load_object
from snake.tls.alerts import DECODE_ERROR, RefusedHandshakeError, fatal
from snake.tls.challenge import ACME_TLS
from snake.tls.contexts import Contexts, Terms
from snake.tls.encryption import Choice, Encryption, protocol_for
from snake.tls.engine import Engine
from snake.tls.hello import Hello, HelloError, HelloReader
from snake.tls.secured import Secured, suite_of, version_of
from snake.transport.admission import Admission, of_transport

if TYPE_CHECKING:
    from snake.transport.serve import Serving

log = logging.getLogger("snake.tls.handshake")

_MOST = 131_072
"""Bytes that a client may send until the handshake is over (OpenSSL: 100 KiB of certificates)."""
_HTTP = (b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO")
"""How a request begins whose client did not know better (Go: `net/http`)."""
_TO_HTTP = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"

READING, CHOOSING, SHAKING, OVER = range(4)
"""A handshake: the hello is expected; a certificate is waited for; OpenSSL has it; it is over."""


class Handshake(asyncio.Protocol):
    """One client, until its connection is encrypted."""

    __slots__ = ("_admission", "_choice", "_count", "_early", "_encryption", "_engine", "_hello",
                 "_reader", "_serving", "_state", "_task", "_transport", "since")  # fmt: skip

    def __init__(
        self, serving: Serving, encryption: Encryption, admission: Admission | None = None
    ) -> None:
        self._serving = serving
        self._encryption = encryption
        self._admission = admission
        self._reader = HelloReader()
        self._state = READING
        self._count = 0
        self._early = b""
        """What came after the hello while a certificate was waited for."""
        self._task: asyncio.Task[None] | None = None
        self._choice: Choice | None = None
        self.since = 0.0
        """When the client began to be waited for."""

    # What the loop calls --------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a new client."""
        self._transport = cast("asyncio.Transport", transport)
        if self._admission is None:
            self._admission = of_transport(transport)
        self._serving.shaking(self)
        self.since = self._serving.clock.now
        if self._admission.begun:
            self.data_received(self._admission.begun)

    def data_received(self, data: bytes) -> None:
        """Take bytes of the handshake."""
        self._count += len(data)
        if self._count > _MOST:
            self._transport.abort()
        elif self._state == READING:
            self._read(data)
        elif self._state == CHOOSING:
            self._early += data
        elif self._state == SHAKING:
            self._engine.incoming.write(data)
            self._shake()

    def eof_received(self) -> bool:
        """Close: nobody ends its side before it has begun."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a client that is gone."""
        del exc
        self._state = OVER
        if self._task is not None:
            self._task.cancel()
        self._serving.shaken(self)

    # What the server calls ------------------------------------------------------------

    def enforce(self, now: float, timeout: float | None) -> None:
        """End it, if the client takes longer than so many seconds.

        While we take long, it is left alone.
        """
        if self._state != CHOOSING and timeout is not None and now - self.since > timeout:
            self._transport.abort()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    # The steps ------------------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        try:
            hello = self._reader.feed(data)
        except HelloError as error:
            self._refuse_hello(error)
            return
        if hello is None:
            return
        self._hello = hello
        if hello.alpn == (ACME_TLS,) and hello.server_name:
            self._wait(self._answer_challenge(hello))
            return
        try:
            choice = self._encryption.choose(hello, *self._addresses())
            if choice is not None:
                self._begin(choice)
                return
        except RefusedHandshakeError as error:
            self._refuse(error)
            return
        self._wait(self._seek(hello))

    def _wait(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait for a certificate. The client is read meanwhile: so it is seen when it leaves."""
        self._state = CHOOSING
        self._task = asyncio.get_running_loop().create_task(self._waited(waiting))

    async def _waited(self, waiting: Coroutine[Any, Any, None]) -> None:
        try:
            await waiting
        except RefusedHandshakeError as error:
            self._refuse(error)
        except Exception:
            log.exception("a handshake failed")
            self._transport.abort()

    async def _seek(self, hello: Hello) -> None:
        choice = await self._encryption.seek(hello, *self._addresses())
        self._go_on()
        self._begin(choice)

    async def _answer_challenge(self, hello: Hello) -> None:
        """Prove to an authority that the name is ours (RFC 8737): a handshake, and nothing more."""
        challenge = await self._encryption.ring.seek_challenge(hello.server_name)
        if challenge is None:
            raise RefusedHandshakeError(f"no challenge for {hello.server_name}")
        # Only an authority asks for it, and only who asks one needs it.
        challenge_certificate = load_object("snake.acme.tlsalpn01:challenge_certificate")
        terms = Terms(purpose=ACME_TLS, alpn=(ACME_TLS,), tickets=False)
        self._go_on()
        self._start(Contexts().engine(terms, challenge_certificate(challenge), hello))

    def _go_on(self) -> None:
        self._task = None
        self.since = self._serving.clock.now

    def _begin(self, choice: Choice) -> None:
        """Let OpenSSL have the connection. Raises `RefusedHandshakeError`."""
        protocol_for(choice.policy.terms.alpn, self._hello)
        self._choice = choice
        self._start(self._encryption.engine(choice, self._hello))

    def _start(self, engine: Engine) -> None:
        self._state = SHAKING
        self._engine = engine
        self._engine.incoming.write(self._reader.data + self._early)
        self._shake()

    def _shake(self) -> None:
        engine = self._engine
        try:
            engine.session.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError as error:
            self._flush()  # of the alert that says why
            self._refused(error.reason or str(error))
            self._transport.close()
            return
        self._establish()

    def _flush(self) -> None:
        if self._engine.outgoing.pending:
            self._transport.write(self._engine.outgoing.read())

    def _establish(self) -> None:
        """Let HTTP have the connection."""
        self._state = OVER
        self._serving.shaken(self)
        choice, session = self._choice, self._engine.session
        if choice is None:  # a challenge is answered
            self._flush()
            self._transport.close()
            return
        authentication = choice.policy.terms.authentication
        peers = session.peers() if authentication is not None else ()
        refusal = authentication.refusal(peers) if authentication is not None else ""
        if refusal:
            self._flush()
            self._refused(refusal)
            self._transport.close()
            return
        verified = authentication is None or authentication.mode.verifies
        cipher = session.cipher()
        secured = Secured(
            server_name=self._hello.server_name,
            version=version_of(session.version() or ""),
            cipher_suite=suite_of(cipher[0]) if cipher else 0,
            alpn=session.selected_alpn_protocol() or "",
            resumed=bool(session.session_reused),
            peers=peers,
            peer_error="not verified" if peers and not verified else "",
            chain=choice.certificate.chain,
            asks_client=choice.policy.terms.authentication is not None,
        )
        self._serving.establish(
            self._transport, self._engine, cast("Admission", self._admission), secured
        )

    # The end --------------------------------------------------------------------------

    def _addresses(self) -> tuple[str, str]:
        """Return the addresses of ours and of the client, without zones."""
        admission = cast("Admission", self._admission)
        server = admission.server[0] if admission.server and admission.server[1] else ""
        client = admission.client[0] if admission.client else ""
        return server.partition("%")[0], client.partition("%")[0]

    def _refuse_hello(self, error: HelloError) -> None:
        if self._reader.data.startswith(_HTTP):
            self._transport.write(_TO_HTTP)
            self._refused("client sent an HTTP request to an HTTPS server")
            self._transport.close()
        else:
            self._refuse(RefusedHandshakeError(str(error), DECODE_ERROR))

    def _refuse(self, error: RefusedHandshakeError) -> None:
        """Tell the client that it goes no further."""
        self._transport.write(fatal(error.alert))
        self._refused(str(error))
        self._transport.close()

    def _refused(self, reason: str) -> None:
        self._state = OVER
        if log.isEnabledFor(logging.DEBUG):
            _, client = self._addresses()
            log.debug("no handshake: %s", reason, extra={"fields": {"remote_ip": client}})
