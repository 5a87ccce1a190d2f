"""The zstd encoder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import zstandard

from snake.caddyfile.errors import CaddyfileError
from snake.core.errors import ConfigError
from tests.encoders.encoding import encoder
from tests.site import site

TEXT = b"a line of text\n" * 1000


@pytest.mark.parametrize("level", ["", "fastest", "DEFAULT", "better", "best"])
async def test_whole_body_can_be_read(level: str) -> None:
    """Every level makes one frame that tells its checksum, with a window of at most 128 KiB."""
    zstd = await encoder("zstd", level=level)
    body = zstd.whole(TEXT * 100)
    frame = zstandard.get_frame_parameters(body)

    assert zstd.coding == "zstd"
    assert zstandard.ZstdDecompressor().decompress(body) == TEXT * 100
    assert frame.has_checksum
    assert frame.window_size <= 128 * 1024


async def test_checksum_can_be_left_out() -> None:
    """Without the checksum a frame is four bytes shorter."""
    body = (await encoder("zstd", checksum=False)).whole(TEXT)

    assert not zstandard.get_frame_parameters(body).has_checksum
    assert len((await encoder("zstd")).whole(TEXT)) == len(body) + 4


async def test_stream_can_be_read_as_it_comes() -> None:
    """What was flushed can be read before the end."""
    stream = (await encoder("zstd")).stream()
    reader = zstandard.ZstdDecompressor().decompressobj()

    assert reader.decompress(stream.write(b"one", flush=True)) == b"one"
    assert reader.decompress(stream.write(b"two", flush=True)) == b"two"
    assert reader.decompress(stream.write(TEXT, flush=False) + stream.end()) == TEXT
    assert reader.eof


async def test_threads_do_not_disturb_each_other() -> None:
    """One encoder may encode many bodies at once."""
    zstd = await encoder("zstd")
    bodies = [TEXT * (1 + n) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        encoded = list(pool.map(zstd.whole, bodies))

    assert [zstandard.ZstdDecompressor().decompress(body) for body in encoded] == bodies


async def test_unknown_level_is_refused() -> None:
    """A level that is none is refused, with the nearest that is."""
    with pytest.raises(ConfigError, match=r'use one of .*; did you mean "better"'):
        await encoder("zstd", level="beter")


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("zstd beter", 'did you mean "better"'),
        ("zstd best fastest", "zstd takes one level"),
        ("zstd best {\nlevel best\n}", "compression level already specified"),
        ("zstd {\nlevel\n}", "level takes one level, got 0"),
        ("zstd {\nspeed 1\n}", "unrecognized subdirective: speed"),
    ],
)
def test_wrong_line_is_refused(block: str, message: str) -> None:
    """A wrong level or subdirective has one clear error."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\nencode {{\n{block}\n}}\n}}\n")
