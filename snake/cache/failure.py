"""What can go wrong with the cache, as the app sees it."""

from __future__ import annotations

from snake.cache.resp import ReplyError


class CacheError(RuntimeError):
    """The cache answered with an error, or did not answer."""


class CacheConfigurationError(CacheError):
    """There is no cache here, or its address is none."""


class CacheUnavailableError(CacheError):
    """The cache cannot be reached, or did not answer in time.

    A command that changes something may have been done or not.
    """

    reason: str = ""
    """Why, without where."""


class CacheTypeError(CacheError):
    """A key holds another kind of value: a list where a scalar is expected, for example."""


def failure(reply: ReplyError) -> CacheError:
    """Return what an answered error is to the app."""
    # Redis repeats what it was sent with a command that it does not know: a password, perhaps.
    text = str(reply).partition(", with args")[0]
    if text.startswith("WRONGTYPE"):
        return CacheTypeError("the key holds another kind of value")
    if text.startswith(("NOAUTH", "WRONGPASS")):
        return CacheConfigurationError(f"the cache refuses the password or token: {text}")
    return CacheError(text.removeprefix("ERR "))
