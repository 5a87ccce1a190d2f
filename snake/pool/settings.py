"""What a pool's processes are told of their app. It travels as JSON."""

from __future__ import annotations

import json
from typing import NamedTuple

from snake.app.startup import Terms


class Settings(NamedTuple):
    """One app, and how it is run."""

    terms: Terms
    working_dir: str
    packages: tuple[str, ...] = ()
    """Folders of packages, in addition to those of the interpreter."""
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
    broken: str = ""
    """Why there is no app: then this is what is answered, instead of `terms`."""
    environment: dict[str, str] | None = None
    """All variables, for a host that is a fork; `None` where it was started with its own."""
    venv: str = ""
    """The venv whose interpreter a host that is a fork would be."""
    owner: int = -1
    """The user whose processes may connect."""


def encode(settings: Settings) -> str:
    """Return the settings as JSON."""
    return json.dumps({**settings._asdict(), "terms": settings.terms._asdict()})


def decode(text: str) -> Settings:
    """Return the settings in JSON."""
    fields = json.loads(text)
    fields["terms"] = Terms(**fields["terms"])
    fields["packages"] = tuple(fields["packages"])
    return Settings(**fields)
