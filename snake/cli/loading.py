"""Load a configuration in a process of its own, which ends with it.

The grammar, the adapter and the directives then never enter the supervisor:
it stays small for as long as it runs, and gets ready itself meanwhile.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from snake.config.document import Document, encode
from snake.core.errors import SnakeError
from snake.core.modules import decode

_DOCUMENT, _ERROR, _BUG = b"d", b"e", b"b"


class BrokenError(Exception):
    """The other process failed in a way that is a bug; the message is its traceback."""


class Loading:
    """A document on its way: begins when it is made."""

    def __init__(self, load: Callable[[], Document]) -> None:
        self._read, write = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._read)
            _answer(load, write)
        os.close(write)

    def result(self) -> Document:
        """Wait for the document. Raises the `SnakeError` that loading it raised."""
        with open(self._read, "rb") as file:  # noqa: PTH123  (a descriptor)
            answer = file.read()
        os.waitpid(self._pid, 0)
        kind, body = answer[:1], answer[1:]
        if kind == _DOCUMENT:
            return decode(body, Document)
        if kind == _ERROR:
            raise SnakeError(body.decode("utf-8", "surrogatepass"))
        raise BrokenError(
            body.decode("utf-8", "surrogatepass") or "the configuration's reader died"
        )


def _answer(load: Callable[[], Document], write: int) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        answer = _DOCUMENT + encode(load())
    except SnakeError as error:
        answer = _ERROR + str(error).encode("utf-8", "surrogatepass")
    except BaseException:  # noqa: BLE001  (whatever it is, the supervisor tells of it)
        answer = _BUG + traceback.format_exc().encode("utf-8", "surrogatepass")
    with open(write, "wb") as file:
        file.write(answer)
    sys.stdout.flush()
    os._exit(0)
