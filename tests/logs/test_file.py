"""The file writer: what a Caddyfile says of it, and the files that it makes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.logs.file import File
from snake.standard import MODULES
from tests.logs.wording import log, refusal


def written(lines: str) -> dict[str, object]:
    """Return the fields that lines in the block of `output file` set."""
    writer: dict[str, object] = log(f"output file a.log {{\n{lines}\n}}")["writer"]
    return {name: value for name, value in writer.items() if name not in ("filename", "output")}


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        ("mode 7", {"mode": "0007"}),
        ("mode 00000640", {"mode": "0640"}),
        ('mode ""', {}),
        ('dir_mode " 755 "', {"dir_mode": "755"}),
        ("dir_mode Inherit", {"dir_mode": "Inherit"}),
        ("roll_disabled", {"roll": False}),
        ("roll_uncompressed", {"roll_gzip": False}),
        ("roll_size 1", {"roll_size_mb": 1}),
        ("roll_size 1MiB", {"roll_size_mb": 1}),
        ("roll_size 1.5MiB", {"roll_size_mb": 2}),
        ("roll_keep_for 24h", {"roll_keep_days": 1}),
        ("roll_keep_for 24h1ns", {"roll_keep_days": 2}),
        ("roll_keep_for 0", {}),
        ("roll_interval 1m", {"roll_interval": 60_000_000_000}),
        ("roll_minutes 0,30 -1", {"roll_minutes": [0, 30, -1]}),
        ('roll_at " 1:00 ,2:00" 3:00', {"roll_at": ["1:00", "2:00", "3:00"]}),
        ("roll_compression ZStd", {"roll_compression": "zstd"}),
        ("roll_keep 1\nroll_keep -2", {"roll_keep": -2}),
        ("roll_local_time", {"roll_local_time": True}),
        ('backup_time_format ""', {}),
    ],
)
def test_fields(lines: str, fields: dict[str, object]) -> None:
    """Sizes are rounded up to MiB, times to days; modes have four digits; the last line counts."""
    assert written(lines) == fields


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("output file", "file takes one argument, got 0"),
        ("output file a b", "file takes one argument, got 2"),
        ("output file a {\n mode rw\n}", "mode: rw is no octal mode, like 0640"),
        ("output file a {\n mode 40000000000\n}", "is no octal mode"),
        ("output file a {\n mode\n}", "mode takes one argument, got 0"),
        ("output file a {\n dir_mode rw\n}", "dir_mode: rw is neither an octal mode"),
        ("output file a {\n roll_disabled no\n}", "roll_disabled takes no argument, got no"),
        ("output file a {\n roll_keep few\n}", 'roll_keep: "few" is no whole number'),
        ("output file a {\n roll_size big\n}", 'roll_size: invalid size "big"'),
        ("output file a {\n roll_keep_for -1s\n}", "negative roll_keep_for duration: -1s"),
        ("output file a {\n roll_minutes\n}", "roll_minutes takes an argument"),
        ("output file a {\n roll_minutes 1,,2\n}", "roll_minutes: empty value in '1,,2'"),
        ("output file a {\n roll_minutes 1,x\n}", 'roll_minutes: "x" is no whole number'),
        ("output file a {\n roll_compression lz4\n}", "must be none or gzip or zstd, got lz4"),
        ("output file a {\n roll_szie 1MB\n}", 'did you mean "roll_size"'),
        ("output file a {\n roll_size 1MB {\n }\n}", "roll_size takes no block"),
        ("output net", "net takes one argument, got 0"),
        ("output net a:1 {\n soft_start yes\n}", "soft_start takes no argument, got yes"),
        ("output net a:1 {\n dial_timeout soon\n}", 'dial_timeout: invalid duration "soon"'),
        ("output net a:1 {\n timeout 1s\n}", "net: unrecognized subdirective: timeout"),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """What Caddy refuses is refused with the reason."""
    assert message in refusal(lines)


async def make(path: Path, mode: str, dir_mode: str) -> None:
    """Open a log file once."""
    writer = File(filename=str(path), mode=mode, dir_mode=dir_mode)
    async with AsyncExitStack() as stack:
        await writer.provision(Context(Registry(MODULES), stack))


@pytest.mark.parametrize(
    ("mode", "dir_mode", "modes"),
    [
        ("", "", (0o600, 0o700)),
        ("0640", "", (0o640, 0o700)),
        ("0640", "0750", (0o640, 0o750)),
        ("0640", "from_file", (0o640, 0o750)),
        ("", "INHERIT", (0o600, 0o755)),
    ],
)
def test_modes(tmp_path: Path, mode: str, dir_mode: str, modes: tuple[int, int]) -> None:
    """A folder has a mode of its own, that of the folder above it, or what the file's asks for."""
    tmp_path.chmod(0o744)
    path = tmp_path / "new/a.log"

    asyncio.run(make(path, mode, dir_mode))

    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == modes


def test_placeholders_in_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is filled when the file is opened; one that cannot be known is refused."""
    monkeypatch.setenv("SNAKE_TEST_WORD", "web")

    asyncio.run(make(tmp_path / "{env.SNAKE_TEST_WORD}.log", "", ""))

    assert [path.name for path in tmp_path.iterdir()] == ["web.log"]
    with pytest.raises(ConfigError, match="filename: invalid filename for log file: unrecognized"):
        asyncio.run(make(tmp_path / "{http.request.host}.log", "", ""))
