"""The screen of `snake top`: how it is drawn, and the keys that it hears.

rich draws: it knows terminals, their sizes and colors, and widths of letters.
"""

from __future__ import annotations

import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live

from snake.cli.top_frame import frame, lost

if TYPE_CHECKING:
    from snake.cli.top import View

_QUIT = frozenset({b"q", b"Q", b"\x1b", b"\x03", b"\x04"})
"""q, Escape alone, Control-C and Control-D."""


def show(view: View) -> None:
    """Print one frame, as long as it is."""
    console = Console(highlight=False)
    if view.rates is not None:
        console.print(frame(view.rates, console.width, None))


def watch(view: View, period: float) -> None:
    """Draw again after each `period` in seconds, and when the terminal's size changes."""
    console = Console(highlight=False)
    with (
        suppress(KeyboardInterrupt),
        _keys() as keys,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        due = time.monotonic()
        while True:
            if time.monotonic() >= due:
                view.look()
                due = time.monotonic() + period
            if view.rates is not None:
                size = console.size
                shown = (
                    lost(view.rates, view.fault)
                    if view.fault
                    else frame(view.rates, size.width, size.height)
                )
                live.update(shown, refresh=True)
            if keys.ended(due - time.monotonic()):
                break


class Keys:
    """What is typed, and news of the terminal's size."""

    def __init__(self, news: socket.socket | None, *, typed: bool) -> None:
        self._news = news
        self._typed = typed

    def ended(self, seconds: float) -> bool:
        """Wait so long for either; tell whether it was the end."""
        waiting: list[int] = [sys.stdin.fileno()] if self._typed else []
        if self._news is not None:
            waiting.append(self._news.fileno())
        ready, _, _ = select.select(waiting, [], [], max(seconds, 0.0))
        if self._news is not None and self._news.fileno() in ready:
            self._news.recv(64)
        if self._typed and sys.stdin.fileno() in ready:
            import os  # noqa: PLC0415

            typed = os.read(sys.stdin.fileno(), 64)
            return not typed or typed in _QUIT or typed[:1] in _QUIT - {b"\x1b"}
        return False


@contextmanager
def _keys() -> Iterator[Keys]:
    """Hear each key at once, without its being shown, while this lasts."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003
    theirs.setblocking(False)  # noqa: FBT003
    before = signal.signal(signal.SIGWINCH, lambda *_: None)
    fd = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        with ours, theirs, _raw() as typed:
            yield Keys(ours, typed=typed)
    finally:
        signal.set_wakeup_fd(fd)
        signal.signal(signal.SIGWINCH, before)


@contextmanager
def _raw() -> Iterator[bool]:
    """Have the terminal pass on each key; tell whether there is one."""
    if not sys.stdin.isatty():
        yield False
        return
    import termios  # noqa: PLC0415  (Windows has none)
    import tty  # noqa: PLC0415

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield True
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
