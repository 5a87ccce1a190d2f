"""What a pool's processes are told of their app. It travels as JSON."""

from __future__ import annotations

import json
from typing import NamedTuple


class Settings(NamedTuple):
    """One app, and how it is run."""

    name: str
    """`module:attribute`."""
    asgi: bool
    """Whether it was named as an ASGI app."""
    working_dir: str
    packages: tuple[str, ...] = ()
    """Folders of packages, in addition to those of the interpreter."""
    lifespan: bool = False
    multiprocess: bool = True
    start_timeout: float | None = None
    threads: int = 0
    """Threads that a WSGI app may have at work at once; 0 for the default."""
    uvloop: str = ""
    """The folder of snake's uvloop; `-` for none at all."""
    abi: str = ""
    """The interpreter that it is for, by its SOABI."""
    preload: bool = False
    grace: float | None = None
    """Seconds for which requests may still run at the end; `None` is for ever."""
    max_requests: int = 0
    """Requests after which a process is replaced, about; 0 for none."""
    max_memory: int = 0
    """Bytes above which it is; 0 for none."""
    request_timeout: float | None = None
    """Seconds in which the app has to make some progress with a request."""
    owner: int = -1
    """The user whose processes may connect."""


def encode(settings: Settings) -> str:
    """Return the settings as JSON."""
    return json.dumps(settings._asdict())


def decode(text: str) -> Settings:
    """Return the settings in JSON."""
    fields = json.loads(text)
    return Settings(**{**fields, "packages": tuple(fields["packages"])})
