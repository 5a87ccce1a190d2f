"""Streaming: what a proxy holds back, how much of it, and how long streams may last."""

from __future__ import annotations

from snake.caddyfile.fields import Table
from snake.caddyfile.words import Words
from snake.core.numbers import NumberError, integer, signed
from snake.core.units import duration, size


def _nanoseconds(words: Words) -> int:
    """Read a duration; a bare number counts nanoseconds, so that `-1` is less than none."""

    def read(word: str) -> int:
        try:
            return integer(word)
        except NumberError:
            return duration(word)

    return words.read(words.take(), read)


def _buffer(words: Words) -> int:
    def read(word: str) -> int:
        return -1 if word == "unlimited" else signed(size(word))

    return words.value(read)


STREAMING: Table = {
    "flush_interval": ("flush_interval", _nanoseconds),
    "request_buffers": ("request_buffers", _buffer),
    "response_buffers": ("response_buffers", _buffer),
    "stream_buffer_size": ("stream_buffer_size", _buffer),
    "stream_timeout": ("stream_timeout", _nanoseconds),
    "stream_close_delay": ("stream_close_delay", _nanoseconds),
}
