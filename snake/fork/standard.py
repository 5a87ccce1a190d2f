"""The three standard descriptors, which a program may be started without."""

from __future__ import annotations

import os
import sys

_LAST = 2
"""That of stderr; 0 and 1 are stdin and stdout."""
_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def open_standard() -> None:
    """Open those of the three that are closed on nothing, as Go does when a program starts.

    Else the next file or socket that is opened is one of them, and gets what is printed. To be
    called before anything else is opened or forked.
    """
    while (fd := os.open(os.devnull, os.O_RDWR)) <= _LAST:
        os.set_inheritable(fd, True)  # noqa: FBT003
    os.close(fd)
    for number, (name, mode) in enumerate(_STREAMS):
        if getattr(sys, name) is None:  # as Python does where the descriptor is closed
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
