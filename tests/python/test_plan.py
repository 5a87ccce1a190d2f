"""What the supervisor reads out of a document before any app is loaded."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from snake.config.document import Document
from snake.core.errors import ConfigError
from snake.core.modules import decode
from snake.python.plan import (
    AppPlan,
    apps,
    cpu_count,
    processes,
    start_limit,
)
from snake.python.values import start_timeout_seconds


def document(*handlers: dict[str, Any]) -> Document:
    """Return a document whose handlers are one in a subroute, the others beside it."""
    nested = {"handler": "subroute", "routes": [{"handle": list(handlers[:1])}]}
    routes = [{"handle": [nested]}, *({"handle": [each]} for each in handlers[1:])]
    server = {"listen": [":80"], "routes": routes}
    config = {"apps": {"http": {"servers": {"srv0": server}}}}
    return decode(msgspec.json.encode(config), Document)


def planned(*handlers: dict[str, Any]) -> list[AppPlan]:
    """Return the plans of a document's apps."""
    return apps(document(*handlers))


def python(module: str = "main:app", **fields: str) -> dict[str, Any]:
    return {"handler": "python", "module_wsgi": module, **fields}


def test_every_app_is_found_with_its_place() -> None:
    """Handlers are found however deep they stand, and told by JSON path."""
    found = apps(document(python(workers="2", venv_path="/v"), python("b:app", working_dir="/w")))

    assert [(each.path, each.name, each.workers) for each in found] == [
        ("apps/http/servers/srv0/routes/0/handle/0/routes/0/handle/0", "main:app", 2),
        ("apps/http/servers/srv0/routes/1/handle/0", "b:app", None),
    ]
    assert found[0].placed.fields.venv_path == "/v"
    assert found[1].placed.fields.working_dir == "/w"


@pytest.mark.parametrize(
    ("workers", "count"),
    [((), None), (("",), None), (("0",), None), (("3",), 3), (("4", "2"), 2), (("4", ""), 4)],
)
def test_processes_are_the_fewest_asked_for(workers: tuple[str, ...], count: int | None) -> None:
    """Without a number there is a process for each CPU; of several numbers the least counts."""
    handlers = [python(f"m{n}:app", workers=each) for n, each in enumerate(workers)]

    assert processes(planned(*handlers))[0] == (count or cpu_count())


def test_reason_names_the_numbers() -> None:
    """Whoever wonders about the number of processes is told where it comes from."""
    assert processes(planned(python(workers="4"), python("b:app", workers="2")))[1] == (
        "the least of workers 2, 4: no app gets more than it asks for"
    )


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        ("abc", 'invalid workers value "abc": must be a non-negative integer'),
        ("-1", 'invalid workers value "-1": must be a non-negative integer'),
        ("1.5", 'invalid workers value "1.5": must be a non-negative integer'),
        ("257", "workers value 257 exceeds maximum of 256"),
        ("9" * 5000, "exceeds maximum of 256"),
    ],
)
def test_wrong_workers_are_refused_before_anything_starts(workers: str, message: str) -> None:
    """The messages are Caddy Snake's, with the place in the document."""
    with pytest.raises(ConfigError) as caught:
        processes(planned(python(), python("b:app", workers=workers)))

    assert message in caught.value.message
    assert caught.value.path == "apps/http/servers/srv0/routes/1/handle/0"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 120),
        ("90s", 90),
        ("1m30s", 90),
        ("1d", 86_400),
        ("-1", None),
        ("forever", None),
        ("none", None),
        ("inf", None),
        ("indefinite", None),
    ],
)
def test_start_timeout_is_a_duration(text: str, seconds: float | None) -> None:
    """A start timeout is a duration, or one of the words for no limit."""
    assert start_timeout_seconds(text) == seconds


@pytest.mark.parametrize("text", ["0s", "-5s", "soon", "5"])
def test_wrong_start_timeout_is_refused(text: str) -> None:
    """No time at all, and what is no duration, are errors."""
    with pytest.raises(ConfigError, match="start_timeout"):
        start_timeout_seconds(text)


def test_worker_has_the_time_of_all_its_apps() -> None:
    """Apps start one after another, and one that is named twice starts once."""
    one = python(start_timeout="10s")
    other = python("b:app", start_timeout="5s")
    endless = python("c:app", start_timeout="forever")

    assert start_limit(planned(one, one, other)).seconds == 15
    assert start_limit(planned(one, endless)).seconds is None
    assert start_limit(planned({"handler": "static_response"})).seconds == 120
