"""Read a configuration in a process of its own, which ends with it.

The grammar, the adapter and the directives then never enter the supervisor: it
stays small for as long as it runs. The process is forked before the command
line has been read, and gets ready while the others do; for a reload it is started
(`snake.engine.again`).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import NoReturn

import msgspec

from snake.caddyfile.errors import CaddyfileWarning
from snake.config.document import Document, encode
from snake.core.errors import SnakeError
from snake.core.modules import decode
from snake.engine.loaded import Loaded

Load = Callable[[str | None, str | None], Loaded]
"""Returns the document that `--config` and `--adapter` name."""

logger = logging.getLogger("snake")


class ReadError(SnakeError):
    """A configuration cannot be read; `files` are the paths that it is in, as far as is known."""

    def __init__(self, message: str, files: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.files = tuple(files)


class BrokenError(Exception):
    """The other process failed in a way that is a bug; the message is its traceback."""


class _Record(msgspec.Struct):
    """What was logged in the other process, for this one to log."""

    level: int
    message: str
    fields: dict[str, str | int]


class Answer(msgspec.Struct, omit_defaults=True):
    """A document with its origins, or what stood in the way."""

    document: str = ""
    origins: str = ""
    written: str = ""
    error: str = ""
    bug: str = ""
    records: list[_Record] = []
    files: list[str] = []
    """What the document is in, also if there is none: paths, some of them with wildcards."""
    warnings: list[CaddyfileWarning] = []
    """Of an adapter that was asked for what it has to say; otherwise they are records."""

    @property
    def loaded(self) -> Loaded:
        """The document."""
        return Loaded(
            decode(self.document.encode(), Document),
            msgspec.Raw(self.origins.encode()),
            msgspec.Raw(self.written.encode()),
            tuple(self.files),
        )

    def tell(self) -> None:
        """Log what was logged on the way."""
        for record in self.records:
            logger.log(record.level, record.message, extra={"fields": record.fields})


Job = Callable[[], Callable[[bytes], Answer]]
"""Gets ready at once, and returns what answers a request. Both may raise `SnakeError`."""


class Reader:
    """The process that reads a configuration. It is forked when this is made.

    `prepare` runs there at once and returns what loads; `ask` says what to load.
    """

    def __init__(self, prepare: Job) -> None:
        theirs, self._ask = os.pipe()
        self._answer, ours = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._ask)
            os.close(self._answer)
            serve(prepare, theirs, ours)
        os.close(theirs)
        os.close(ours)

    def ask(self, config: str | None, adapter: str | None) -> None:
        """Have it load a configuration."""
        # One that failed already does not listen; `result` tells why.
        with suppress(BrokenPipeError), open(self._ask, "wb") as pipe:  # noqa: PTH123
            pipe.write(msgspec.json.encode((config, adapter)))

    def result(self) -> Loaded:
        """Wait for the document. Raises the `SnakeError` that loading it raised."""
        with open(self._answer, "rb") as pipe:  # noqa: PTH123  (a descriptor)
            data = pipe.read()
        os.waitpid(self._pid, 0)
        if not data:
            raise BrokenError("the configuration's reader died")
        return answered(data).loaded


def answered(data: bytes) -> Answer:
    """Return what was answered, and log what was logged. Raises as `opened`."""
    answer = msgspec.json.decode(data, type=Answer)
    answer.tell()
    return opened(answer)


def opened(answer: Answer) -> Answer:
    """Return an answer that has a document. Raises `ReadError` if the job raised a `SnakeError`."""
    if answer.error:
        raise ReadError(answer.error, answer.files)
    if answer.bug:
        raise BrokenError(answer.bug)
    return answer


def prepare() -> Callable[[bytes], Answer]:
    """Import what reads a Caddyfile, which takes longer than reading one."""
    from snake.engine import source  # noqa: PLC0415  (it is this process's work to import)

    source.warm()

    def answer(request: bytes) -> Answer:
        files: list[str] = []
        try:
            told = loading(partial(source.load_if_any, files=files))(request)
        except SnakeError as error:
            told = Answer(error=_sendable(str(error)))
        told.files = list(map(_sendable, files))
        return told

    return answer


def loading(load: Load) -> Callable[[bytes], Answer]:
    """Return what answers the names of a file and its adapter with its document."""

    def answer(request: bytes) -> Answer:
        config, adapter = msgspec.json.decode(request, type=tuple[str | None, str | None])
        return _told(load(config, adapter))

    return answer


def adapter() -> Callable[[bytes], Answer]:
    """Return what answers the name and text of a Caddyfile with its document and warnings."""
    from snake.engine import source  # noqa: PLC0415  (as above)

    source.warm()

    def answer(request: bytes) -> Answer:
        name, _, body = request.partition(b"\0")
        loaded, warnings = source.adapt_caddyfile(body, name.decode())
        told = _told(loaded)
        told.warnings = warnings
        return told

    return answer


def _told(loaded: Loaded) -> Answer:
    return Answer(
        encode(loaded.document).decode(),
        bytes(loaded.origins).decode(),
        bytes(loaded.written).decode(),
    )


def serve(prepare: Job, request: int, answer: int) -> NoReturn:
    """Be the process that reads: do what is asked for, answer, and end."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    kept = _Kept()
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    with open(request, "rb") as pipe, open(answer, "wb") as reply:
        found = _do(prepare, pipe.read)
        found.records = kept.records
        reply.write(msgspec.json.encode(found))
    sys.stdout.flush()
    os._exit(0)


def _do(prepare: Job, request: Callable[[], bytes]) -> Answer:
    try:
        job = prepare()
        data = request()
        if not data:  # nobody asks any more
            os._exit(0)
        return job(data)
    except SnakeError as error:
        return Answer(error=_sendable(str(error)))
    except BaseException:  # noqa: BLE001  (whatever it is, the supervisor tells of it)
        import traceback  # noqa: PLC0415  (slow, seldom needed)

        return Answer(bug=_sendable(traceback.format_exc()))


def _sendable(text: str) -> str:
    """Return text without what no UTF-8 can carry: bytes of a file name that are none."""
    return text.encode("utf-8", "replace").decode()


class _Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[_Record] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        fields = getattr(record, "fields", {})
        self.records.append(_Record(record.levelno, record.getMessage(), fields))
