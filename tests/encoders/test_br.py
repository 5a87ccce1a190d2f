"""The Brotli encoder."""

from __future__ import annotations

import brotli
import pytest

from snake.core.errors import ConfigError
from tests.encoders.encoding import encoder
from tests.site import site

TEXT = b"a line of text\n" * 1000


@pytest.mark.parametrize("quality", [0, 1, 4, 11])
async def test_whole_body_can_be_read(quality: int) -> None:
    """Every quality makes a body that any Brotli reads."""
    br = await encoder("br", quality=quality)

    assert br.coding == "br"
    assert brotli.decompress(br.whole(TEXT)) == TEXT
    assert br.whole(TEXT) == br.whole(TEXT)


async def test_stream_can_be_read_as_it_comes() -> None:
    """What was flushed can be read before the end."""
    stream = (await encoder("br")).stream()
    reader = brotli.Decompressor()

    assert reader.process(stream.write(b"one", flush=True)) == b"one"
    assert reader.process(stream.write(b"two", flush=True)) == b"two"
    assert reader.process(stream.write(TEXT, flush=False) + stream.end()) == TEXT
    assert reader.is_finished()


async def test_slow_qualities_are_for_threads() -> None:
    """The slower a quality is, the less is encoded where others wait."""
    sizes = [(await encoder("br", quality=quality)).inline for quality in range(1, 12)]

    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 0


@pytest.mark.parametrize("quality", [-1, 12])
async def test_quality_out_of_range_is_refused(quality: int) -> None:
    """Qualities are 1 to 11."""
    with pytest.raises(ConfigError, match=f"quality {quality} is not one of 1 to 11"):
        await encoder("br", quality=quality)


@pytest.mark.parametrize(
    ("line", "accept", "coding"),
    [
        ("encode br gzip", "gzip, br", "br"),
        ("encode gzip br", "gzip, br", "gzip"),
        ("encode gzip br", "gzip;q=0.5, br", "br"),
        ("encode br", "gzip", None),
        ("encode", "br", None),
        ("encode {\nbr 1\n}", "br", "br"),
    ],
)
async def test_only_who_names_it_offers_it(line: str, accept: str, coding: str | None) -> None:
    """`encode` alone is what it is in Caddy; a line that names br offers it."""
    async with site(f':80 {{\n{line}\nrespond "{"x" * 600}"\n}}\n') as s:
        answer = await s.get("/", headers={"accept-encoding": accept})

    assert answer.header("content-encoding") == coding
    if coding == "br":
        assert brotli.decompress(answer.body) == b"x" * 600
        assert answer.header("content-length") == str(len(answer.body))
        assert answer.header("vary") == "Accept-Encoding"
