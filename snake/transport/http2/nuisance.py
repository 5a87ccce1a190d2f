"""What a client of HTTP/2 may do that costs us and gives nothing, and when it is sent away for it.

None of it is against the protocol, taken one by one. So it is counted.
"""

from __future__ import annotations

from snake.transport.http2.engine import SLICE
from snake.transport.settings import Settings

_MOST_RESETS = 100
"""Streams that may be opened and reset, beside half of all requests: by the client (CVE-2023-44487)
or by us, for what it did (CVE-2025-8671)."""
_MOST_IDLE_FRAMES = 10_000
"""Frames without effect in a row (Go: 10,000 answers that wait)."""
_FORGIVEN_RESETS, _FORGIVEN_FRAMES = 10, 1_000
"""How many of these are forgotten a second."""


class Nuisance:
    """Counts streams that come to nothing, and frames without effect."""

    __slots__ = ("_idle_frames", "_resets", "is_too_much", "requests")

    def __init__(self) -> None:
        self.requests = 0
        """Streams that were opened."""
        self.is_too_much = False
        """Whether the client is to be sent away."""
        self._resets = 0.0
        self._idle_frames = 0

    def begin_request(self) -> None:
        """Count a request."""
        self.requests += 1
        self._idle_frames = 0

    def reset(self) -> None:
        """Count a stream that came to nothing."""
        self._resets += 1
        if self._resets > _MOST_RESETS + self.requests // 2:
            self.is_too_much = True

    def idle(self) -> None:
        """Count a frame without effect."""
        self._idle_frames += 1
        if self._idle_frames > _MOST_IDLE_FRAMES:
            self.is_too_much = True

    def useful(self) -> None:
        """Note that a part of a body came or went."""
        self._idle_frames = 0

    def forgive(self, seconds: float) -> None:
        """Forget what is long ago."""
        self._resets = max(0.0, self._resets - _FORGIVEN_RESETS * seconds)
        self._idle_frames = max(0, self._idle_frames - int(_FORGIVEN_FRAMES * seconds))


class Silence:
    """Counts the bytes that came since the last whole frame: those of a long head, or of nothing.

    With reads of at most `SLICE`, no frame but the parts of a head is silent for two of them.
    """

    __slots__ = ("_most", "since", "size")

    def __init__(self, settings: Settings) -> None:
        self._most = settings.max_header_bytes + 2 * SLICE
        self.size = 0
        self.since = 0.0
        """When the last of them came."""

    def hear(self, size: int, *, whole: bool, now: float) -> bool:
        """Count bytes, which made frames `whole`, or did not; return whether it is too much."""
        self.since = now
        self.size = 0 if whole else self.size + size
        return self.size > self._most
