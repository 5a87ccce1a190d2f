"""Asking: the permission that is asked for by HTTP."""

from __future__ import annotations

from snake.core.surroundings import PlaceholderError, fill
from snake.fetch.fetch import fetch, with_query
from snake.fetch.response import FetchError
from snake.tls.permission import DeniedError, UndecidedError

_TIMEOUT = 10.0
"""Seconds that the answer may take (Caddy: 10)."""
_OK = range(200, 300)
_REDIRECTS = range(300, 400)


class Asking:
    """A `Permission` of a URL that is asked with the query `domain=<name>`.

    Its placeholders are filled each time: a file may have another text by then.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    async def allows(self, name: str) -> None:
        """Ask. Raises `DeniedError` and `UndecidedError`."""
        try:
            url = with_query(fill(self._endpoint), {"domain": name})
            answer = await fetch(url, within=_TIMEOUT, most=0)
        except (FetchError, PlaceholderError) as error:
            raise UndecidedError(f"the permission endpoint: {error}") from None
        if answer.status in _REDIRECTS:
            raise UndecidedError(
                f"the permission endpoint redirects ({answer.status}), which is not followed"
            )
        if answer.status not in _OK:
            raise DeniedError(f"the permission endpoint answers {answer.status}")
