"""Read a configuration in a process of its own, which ends with it.

The grammar, the adapter and the directives then never enter the supervisor: it
stays small for as long as it runs. The process is forked before the command
line has been read, and gets ready while the others do.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import msgspec

from snake.config.document import Document, encode
from snake.core.errors import SnakeError
from snake.core.modules import decode
from snake.engine.loaded import Loaded

Load = Callable[[str | None, str | None], Loaded]
"""Returns the document that `--config` and `--adapter` name."""

logger = logging.getLogger("snake")


class BrokenError(Exception):
    """The other process failed in a way that is a bug; the message is its traceback."""


class _Record(msgspec.Struct):
    """What was logged in the other process, for this one to log."""

    level: int
    message: str
    fields: dict[str, str | int]


class _Answer(msgspec.Struct, omit_defaults=True):
    """A document with its origins, or what stood in the way."""

    document: str = ""
    origins: str = ""
    error: str = ""
    bug: str = ""
    records: list[_Record] = []


class Reader:
    """The process that reads a configuration. It is forked when this is made.

    `prepare` runs there at once and returns what loads; `ask` says what to load.
    """

    def __init__(self, prepare: Callable[[], Load]) -> None:
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
        return loaded_from(data)


def loaded_from(data: bytes) -> Loaded:
    """Return the document in an answer. Raises the `SnakeError` that loading it raised."""
    answer = msgspec.json.decode(data, type=_Answer)
    for record in answer.records:
        logger.log(record.level, record.message, extra={"fields": record.fields})
    if answer.error:
        raise SnakeError(answer.error)
    if answer.bug:
        raise BrokenError(answer.bug)
    document = decode(answer.document.encode(), Document)
    return Loaded(document, msgspec.Raw(answer.origins.encode()))


def prepare() -> Load:
    """Import what reads a Caddyfile, which takes longer than reading one."""
    from snake.engine import source  # noqa: PLC0415  (it is this process's work to import)

    source.warm()
    return source.load


def serve(prepare: Callable[[], Load], request: int, answer: int) -> NoReturn:
    """Be the process that reads: load what is asked for, answer, and end."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    kept = _Kept()
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    with open(request, "rb") as pipe, open(answer, "wb") as reply:
        found = _read(prepare, pipe.read)
        found.records = kept.records
        reply.write(msgspec.json.encode(found))
    sys.stdout.flush()
    os._exit(0)


def _read(prepare: Callable[[], Load], request: Callable[[], bytes]) -> _Answer:
    try:
        load = prepare()
        data = request()
        if not data:  # nobody asks any more
            os._exit(0)
        config, adapter = msgspec.json.decode(data, type=tuple[str | None, str | None])
        loaded = load(config, adapter)
        return _Answer(encode(loaded.document).decode(), bytes(loaded.origins).decode())
    except SnakeError as error:
        return _Answer(error=_sendable(str(error)))
    except BaseException:  # noqa: BLE001  (whatever it is, the supervisor tells of it)
        import traceback  # noqa: PLC0415  (slow, seldom needed)

        return _Answer(bug=_sendable(traceback.format_exc()))


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
