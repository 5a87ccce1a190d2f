"""The gzip encoder."""

from __future__ import annotations

import gzip
import sys
import zlib
from pathlib import Path

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.core.errors import ConfigError
from tests.encoders.encoding import encoder
from tests.site import site

TEXT = b"a line of text\n" * 1000


@pytest.mark.parametrize("level", [0, 1, 5, 9])
async def test_whole_body_can_be_read(level: int) -> None:
    """Every level makes a body that any gzip reads."""
    gz = await encoder("gzip", level=level)

    assert gz.coding == "gzip"
    assert gzip.decompress(gz.whole(TEXT)) == TEXT
    assert gz.whole(TEXT) == gz.whole(TEXT)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 5000, 32_768, 100_000])
async def test_any_length_can_be_read(size: int) -> None:
    """The window fits the body, whatever its length, and costs nothing in size."""
    body = (TEXT * 10)[:size]
    for level in (5, 6):
        encoded = (await encoder("gzip", level=level)).whole(body)

        assert gzip.decompress(encoded) == body
        assert level == 5 or len(encoded) <= len(zlib.compress(body, level, 31)) + 2


async def test_default_level_is_about_as_small_as_zlib() -> None:
    """Whichever library encodes, a text is at most a tenth longer than zlib makes it."""
    body = (Path(__file__).parents[2] / "docs/directives.md").read_bytes()

    for level in range(1, 10):
        encoded = (await encoder("gzip", level=level)).whole(body)
        assert len(encoded) < len(zlib.compress(body, level, 31)) * 1.1


async def test_without_isal_zlib_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """On machines that ISA-L is not made for, all levels are zlib's."""
    monkeypatch.setitem(sys.modules, "isal", None)
    monkeypatch.delitem(sys.modules, "snake.encoders.deflate", raising=False)
    gz = await encoder("gzip")
    monkeypatch.delitem(sys.modules, "snake.encoders.deflate")

    assert gz.whole(TEXT) == zlib.compress(TEXT, 5, 31)
    stream = gz.stream()
    assert gzip.decompress(stream.write(TEXT, flush=True) + stream.end()) == TEXT


@pytest.mark.parametrize("level", [1, 5, 9])
async def test_stream_can_be_read_as_it_comes(level: int) -> None:
    """What was flushed can be read before the end."""
    stream = (await encoder("gzip", level=level)).stream()
    reader = zlib.decompressobj(31)

    assert reader.decompress(stream.write(b"one", flush=True)) == b"one"
    assert reader.decompress(stream.write(b"two", flush=True)) == b"two"
    assert reader.decompress(stream.write(TEXT, flush=False) + stream.end()) == TEXT
    assert reader.eof


@pytest.mark.parametrize("level", [-1, 10])
async def test_level_out_of_range_is_refused(level: int) -> None:
    """Levels are 1 to 9."""
    with pytest.raises(ConfigError, match=f"level {level} is not one of 1 to 9"):
        await encoder("gzip", level=level)


def test_level_that_is_no_number_is_refused() -> None:
    """A word for a level has one clear error."""
    with pytest.raises(CaddyfileError, match='gzip: "best" is no whole number'):
        site(":80 {\nencode {\ngzip best\n}\n}\n")
