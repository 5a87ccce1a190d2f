"""The logs of a document: where records of each kind go."""

from __future__ import annotations

import asyncio
import json
import logging
import logging.config
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snake.config.logging import Logging
from snake.core.errors import ConfigError, StartError
from snake.core.modules import Context, Registry
from snake.logs.app import Logs, open_logs
from snake.logs.keeping import Care
from snake.standard import MODULES


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Return a stack that closes what a test opens."""
    async with AsyncExitStack() as opened:
        yield opened


async def logs_of(stack: AsyncExitStack, **logs: dict[str, Any]) -> Logs:
    """Open these logs."""
    config = msgspec.json.decode(msgspec.json.encode({"logs": logs}), type=Logging)
    return await open_logs(Context(Registry(MODULES), stack).at("logging"), config)


def to_file(path: Path, **fields: object) -> dict[str, Any]:
    """Return the JSON of a log that is written to a file."""
    return {"writer": {"output": "file", "filename": str(path)}, **fields}


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the records in a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_the_standard_library_logs_to_the_default_log(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    """`snake.http` is the logger `http`, and `extra` brings the fields."""
    file = tmp_path / "new/a.log"
    await logs_of(stack, default=to_file(file))
    logging.getLogger("snake.http").warning("odd %s", "thing", extra={"fields": {"n": 1}})
    (entry,) = lines(file)
    assert entry.pop("ts") > 1_700_000_000
    assert entry == {"level": "warn", "logger": "http", "msg": "odd thing", "n": 1}
    assert file.stat().st_mode & 0o777 == 0o600


async def test_an_exception_is_an_error_and_a_stacktrace(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    """A record with an exception names it in `error` and tells where in `stacktrace`."""
    file = tmp_path / "a.log"
    await logs_of(stack, default=to_file(file))
    try:
        int("bad")
    except ValueError:
        logging.getLogger("snake.http.log.error").exception("handler failed")
    (entry,) = lines(file)
    assert entry["error"] == "ValueError: invalid literal for int() with base 10: 'bad'"
    assert "test_app.py" in entry["stacktrace"]


async def test_levels_are_a_threshold(stack: AsyncExitStack, tmp_path: Path) -> None:
    """Records below a log's level are not written; DEBUG is off by default."""
    await logs_of(
        stack,
        default=to_file(tmp_path / "a.log"),
        all=to_file(tmp_path / "b.log", level="DEBUG"),
    )
    logging.getLogger("snake.http").debug("detail")
    assert lines(tmp_path / "a.log") == []
    assert len(lines(tmp_path / "b.log")) == 1


async def test_a_sink_is_resolved_once_and_writes_once_a_turn(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    """The access log's records go to the logs that take them, when the loop turns."""
    name = "http.log.access.log0"
    file = tmp_path / "access.log"
    logs = await logs_of(
        stack,
        default=to_file(tmp_path / "a.log", exclude=[name]),
        log0=to_file(file, include=[name]),
    )
    sink = logs.sink(name)
    assert sink is not None
    sink.emit(logging.INFO, "handled request", {"status": 200})
    sink.emit(logging.ERROR, "handled request", {"status": 500})
    assert file.read_text() == ""
    await asyncio.sleep(0)
    assert [entry["status"] for entry in lines(file)] == [200, 500]
    assert [entry["level"] for entry in lines(file)] == ["info", "error"]
    assert (tmp_path / "a.log").read_text() == ""


async def test_there_is_no_sink_for_a_logger_that_no_log_takes(stack: AsyncExitStack) -> None:
    """`sink` is None when its records would go nowhere, so nobody makes them."""
    logs = await logs_of(stack, default={"exclude": ["http.log.access"]})
    assert logs.sink("http.log.access") is None


async def test_records_of_the_last_turn_are_not_lost(tmp_path: Path) -> None:
    """What a sink has gathered is written when the logs close."""
    file = tmp_path / "a.log"
    async with AsyncExitStack() as stack:
        sink = (await logs_of(stack, default=to_file(file))).sink("http.log.access")
        assert sink is not None
        sink.emit(logging.INFO, "handled request", {})
    assert len(lines(file)) == 1


async def test_an_app_that_configures_logging_does_not_silence_snake(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    """`dictConfig` disables the loggers that it is not told of; `reclaim` takes ours back."""
    file = tmp_path / "a.log"
    logs = await logs_of(stack, default=to_file(file))
    logger = logging.getLogger("snake.python")
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
    logs.reclaim()
    logger.info("still here")
    assert [entry["msg"] for entry in lines(file)] == ["still here"]


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ({"level": "LOUD"}, 'logging/logs/x/level: unknown level "LOUD"'),
        ({"level": "{env.NOT_THERE}"}, "x/level: invalid log level: evaluated placeholder"),
        ({"with_stacktrace": "erorr"}, 'x/with_stacktrace: unknown level "erorr"'),
        ({"include": ["a"], "exclude": ["a"]}, 'x/include/0: "a" is in exclude as well'),
        ({"include": ["a.b", "c"], "exclude": ["a"]}, "x/include/1: "),
        ({"encoder": {"format": "json", "duration_format": "sec"}}, "unknown duration format"),
        ({"writer": {"output": "net"}}, "x/writer/address: "),
        ({"writer": {"output": "net", "address": "a:1-2"}}, "one port, not to a:1-2"),
        ({"writer": {"output": "net", "address": "fd/3"}}, "cannot be sent to fd/3"),
        ({"writer": {"output": "flie"}}, 'did you mean "file"?'),
        ({"writer": {"output": "file"}}, "logging/logs/x/writer: filename is required"),
        (
            {"writer": {"output": "file", "filename": "a", "roll_size_mb": -1}},
            "writer/roll_size_mb: -1 is no size",
        ),
        (
            {"writer": {"output": "file", "filename": "a", "roll_minutes": [0, 60]}},
            "writer/roll_minutes/1: 60 is no minute",
        ),
        (
            {"writer": {"output": "file", "filename": "a", "roll_at": ["24:00"]}},
            'writer/roll_at/0: "24:00" is no time of a day',
        ),
        (
            {"writer": {"output": "file", "filename": "a", "roll_compression": "gzpi"}},
            'did you mean "gzip"?',
        ),
        (
            {"writer": {"output": "file", "filename": "a", "backup_time_format": "2006"}},
            'backup_time_format: "2006" does not tell two seconds apart',
        ),
        ({"writer": {"output": "file", "filename": "a", "mode": "rw"}}, "no octal mode"),
        ({"encoder": {"format": "jsno"}}, 'did you mean "json"?'),
        ({"encoder": {"format": "json", "time_format": "iso"}}, "unknown time format"),
        ({"encoder": {"format": "json", "level_format": "x"}}, "unknown level format"),
    ],
)
async def test_what_cannot_be_logged_is_refused_by_name(
    stack: AsyncExitStack, log: dict[str, Any], message: str
) -> None:
    """A wrong log is an error with its JSON path."""
    with pytest.raises(ConfigError) as caught:
        await logs_of(stack, x=log)
    assert message in str(caught.value)


async def test_a_log_file_that_cannot_be_opened_stops_the_start(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    """The message names the file and the reason."""
    with pytest.raises(StartError, match="cannot open the log file"):
        await logs_of(stack, default=to_file(tmp_path))


async def test_formats_of_time_and_level(stack: AsyncExitStack, tmp_path: Path) -> None:
    """An encoder takes Caddy's names for times and levels."""
    encoder = {"format": "json", "time_format": "rfc3339", "level_format": "upper"}
    file = tmp_path / "a.log"
    await logs_of(stack, default=to_file(file, encoder=encoder))
    logging.getLogger("snake").info("x")
    (entry,) = lines(file)
    assert entry["level"] == "INFO"
    assert entry["ts"].endswith("Z")
    assert len(entry["ts"]) == len("2023-11-14T22:13:20Z")


async def test_the_place_in_the_code_is_told(stack: AsyncExitStack, tmp_path: Path) -> None:
    """`with_caller` has folder, file and line; `with_stacktrace` the calls from a level on."""
    file = tmp_path / "a.log"
    await logs_of(stack, default=to_file(file, with_caller=True, with_stacktrace="error"))
    logger = logging.getLogger("snake.http")
    logger.warning("odd")
    logger.error("bad")
    warning, error = lines(file)
    assert list(warning) == ["level", "ts", "logger", "caller", "msg"]
    assert re.fullmatch(r"logs/test_app\.py:\d+", warning["caller"])
    assert "test_the_place_in_the_code_is_told" in error["stacktrace"].splitlines()[-2]


async def test_callers_can_be_skipped(stack: AsyncExitStack, tmp_path: Path) -> None:
    """So that a function that logs for others is not what is told."""

    def inner() -> None:
        logging.getLogger("snake").info("from inside")

    file = tmp_path / "a.log"
    await logs_of(stack, default=to_file(file, with_caller=True, with_caller_skip=1))
    inner()
    first = inner.__code__.co_firstlineno
    assert int(lines(file)[0]["caller"].rpartition(":")[2]) > first + 1
    await stack.aclose()
    await logs_of(stack, default=to_file(file, with_caller=True, with_caller_skip=10_000))
    inner()
    assert lines(file)[-1]["caller"] == "undefined"


async def test_a_sinks_records_have_their_caller(stack: AsyncExitStack, tmp_path: Path) -> None:
    """Access logs too, which go a way of their own."""
    file = tmp_path / "a.log"
    logs = await logs_of(stack, default=to_file(file, with_caller=True, core={"module": "mock"}))
    sink = logs.sink("http.log.access")
    assert sink is not None
    sink.emit(logging.INFO, "handled request", {"status": 200})
    await asyncio.sleep(0)
    assert lines(file)[0]["caller"].startswith("logs/test_app.py:")


async def test_what_libraries_log_goes_to_the_sink(stack: AsyncExitStack, tmp_path: Path) -> None:
    """`sink` has a writer, an encoder and a level of its own."""
    file, other = tmp_path / "sink.log", tmp_path / "a.log"
    config = {"sink": to_file(file, level="warn"), "logs": {"default": to_file(other)}}
    decoded = msgspec.json.decode(msgspec.json.encode(config), type=Logging)
    await open_logs(Context(Registry(MODULES), stack).at("logging"), decoded)
    logging.getLogger("asyncio").info("quiet")
    logging.getLogger("asyncio").warning("slow")
    assert [entry["msg"] for entry in lines(file)] == ["slow"]
    assert lines(other) == []


async def test_a_discarded_log_costs_nothing(stack: AsyncExitStack) -> None:
    """No records are made for it."""
    logs = await logs_of(stack, default={"writer": {"output": "discard"}})
    assert logs.sink("http.log.access") is None


async def test_a_level_may_be_a_placeholder(
    stack: AsyncExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Caddy."""
    monkeypatch.setenv("SNAKE_TEST_LEVEL", "Error")
    file = tmp_path / "a.log"
    await logs_of(stack, default=to_file(file, level="{env.SNAKE_TEST_LEVEL}"))
    logging.getLogger("snake").warning("not this")
    assert lines(file) == []


async def test_who_reads_the_log_is_told_where_it_goes_on(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    """The supervisor's last record in one place names the next one."""
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    for file in (first, first, second):
        decoded = msgspec.json.decode(
            msgspec.json.encode({"logs": {"default": to_file(file)}}), type=Logging
        )
        ctx = Context(Registry(MODULES), stack, {Care: Care()}).at("logging")
        await open_logs(ctx, decoded)
    (told,) = lines(first)
    assert (told["msg"], told["from"], told["to"]) == (
        *("redirected default logger", str(first), str(second)),
    )
    assert lines(second) == []
