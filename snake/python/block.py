"""The block of a `python` directive: what may stand in it, and the fields that come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from snake.app.envfile import name_fault
from snake.caddyfile.segments import Segment, Token
from snake.caddyfile.words import Words, subdirectives
from snake.core.errors import ConfigError
from snake.python.bodylimit import body_limit
from snake.python.cache import read_cache
from snake.python.isolation import read_isolation
from snake.python.values import (
    memory_limit,
    request_limit,
    request_timeout_seconds,
    start_timeout_seconds,
    thread_count,
)


def read_block(line: Segment, fields: dict[str, Any]) -> None:
    """Read a block into `fields`. Of a setting that is repeated the last one counts."""
    for words in subdirectives(line, SUBDIRECTIVES):
        field, read = SUBDIRECTIVES[words.name]
        value = read(words)
        if not field and isinstance(value, dict):
            fields.update(value)
            continue
        if isinstance(value, dict):
            value = fields.get(field, {}) | value
        elif isinstance(value, tuple):
            value = fields.get(field, ()) + value
        fields[field] = value


def _text(words: Words) -> str:
    return words.take("one argument").text


def _lifespan(words: Words) -> str:
    word = words.take("one argument: on|off")
    if word.text not in ("on", "off"):
        word.fail("expected exactly one argument for lifespan: on|off")
    return word.text


def _autoreload(words: Words) -> dict[str, object]:
    """Read `autoreload` or `autoreload { ignore <pattern...> }`."""
    if words.has_arguments:
        words.take().fail(
            "autoreload takes no argument", "it is on where it stands; leave it out for off"
        )
    ignored: tuple[str, ...] = ()
    for sub in subdirectives(words.block(), ("ignore",)):
        ignored += tuple(word.text for word in sub.some("one pattern or more"))
    return {"autoreload": "on", "autoreload_ignore": ignored} if ignored else {"autoreload": "on"}


def _one_of(*choices: str) -> Callable[[Words], str]:
    def read(words: Words) -> str:
        word = words.take(f"one argument: {'|'.join(choices)}")
        if word.text not in choices:
            word.fail(f"expected {' or '.join(choices)}, got {word}")
        return word.text

    return read


def _checking(check: Callable[[str], object], what: str) -> Callable[[Words], str]:
    return lambda words: _good(words.take(what), check)


def _env_file(words: Words) -> tuple[str]:
    return (_text(words),)


def _env_var(words: Words) -> dict[str, str]:
    name = words.take("two arguments: VARNAME value")
    value = words.take("two arguments: VARNAME value")
    if fault := name_fault(name.text):
        name.fail(fault)
    return {name.text: value.text}


def _request_body(words: Words) -> str:
    """Read `request_body SIZE` or `request_body { max_size SIZE }`."""
    if words.has_arguments:
        return _body_limit(words)
    size = None
    for sub in subdirectives(words.block(), ("max_size",)):
        if size:
            sub.token.fail("max_size specified more than once")
        size = _body_limit(sub)
    if size is None:
        words.token.fail("request_body requires max_size", "expected: request_body <size>")
    return size


def _body_limit(words: Words) -> str:
    return _good(words.take("a size"), body_limit)


def _good(word: Token, check: Callable[[str], object]) -> str:
    """Return a word that `check` does not refuse."""
    try:
        check(word.text)
    except ConfigError as error:
        word.fail(error.message)
    return word.text


SUBDIRECTIVES: dict[str, tuple[str, Callable[[Words], object]]] = {
    "module_wsgi": ("module_wsgi", _text),
    "module_asgi": ("module_asgi", _text),
    "module_esgi": ("module_esgi", _text),
    "working_dir": ("working_dir", _text),
    "venv": ("venv_path", _text),
    "workers": ("workers", _text),
    "lifespan": ("lifespan", _lifespan),
    "start_timeout": ("start_timeout", _checking(start_timeout_seconds, "a duration")),
    "request_timeout": ("request_timeout", _checking(request_timeout_seconds, "a duration")),
    "max_requests": ("max_requests", _checking(request_limit, "a number")),
    "max_memory": ("max_memory", _checking(memory_limit, "a size")),
    "threads": ("threads", _checking(thread_count, "a number")),
    "preload": ("preload", _one_of("on", "off")),
    "workers_runtime": ("workers_runtime", _one_of("process", "thread")),
    "env_file": ("env_files", _env_file),
    "env_var": ("env_vars", _env_var),
    "request_body": ("request_body_max_size", _request_body),
    "runtime": ("runtime", _text),
    "autoreload": ("", _autoreload),
    "python_path": ("python_path", _text),
    "max_dynamic_apps": ("max_dynamic_apps", _text),
    "isolation": ("isolation", read_isolation),
    "cache": ("cache", read_cache),
}
"""What may stand in the block: the field that it sets (none: several), and what reads it."""
