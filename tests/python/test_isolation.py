"""What `isolation` may say, and what is said of what it may not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from snake.core.errors import ConfigError
from snake.python.isolation import Isolation, check_isolation
from snake.python.isolation_docker import memory_bytes, nano_cpus
from snake.python.isolation_process import amount


def check(backend: str, **fields: Any) -> None:
    """Check an isolation of this backend."""
    value = {"backend": backend, **({backend: fields} if fields else {})}
    check_isolation(msgspec.convert(value, Isolation))


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"memory": "lots"}, "memory", 'invalid size "lots"'),
        ({"memory": "1MB"}, "memory", 'memory must be at least 64MiB, got "1MB"'),
        ({"memory": "9EB"}, "memory", "is too large"),
        ({"cpu": "soon"}, "cpu", 'invalid duration "soon"'),
        ({"cpu": "0"}, "cpu", "cpu must be at least 1s"),
        ({"tmp": "0"}, "tmp", "tmp must be at least 1B"),
        ({"files": 3}, "files", "files must be at least 32, got 3"),
        ({"processes": -1}, "processes", "processes must be at least 4, got -1"),
        ({"network": "maybe"}, "network", 'network must be on or off, got "maybe"'),
        ({"bubblewrap": "x"}, "bubblewrap", 'bubblewrap must be on or off, got "x"'),
        ({"bubblewrap": "off", "network": "off"}, "bubblewrap", "network off is what bubblewrap"),
        ({"bubblewrap": "off", "read_only": True}, "bubblewrap", "read_only is what bubblewrap"),
        ({"user": "root"}, "user", "user root is no isolation"),
        ({"group": "www-data"}, "group", "group takes a user beside it"),
        ({"read": ["a"]}, "read", '"a" must be an absolute path'),
        ({"write": ["/a/../b"]}, "write", '"/a/../b" must be an absolute path without ".."'),
        ({"write": ["//"]}, "write", "/ is the whole system"),
    ],
)
def test_what_isolation_process_refuses(fields: dict[str, Any], path: str, message: str) -> None:
    """Each wrong value is an error with its place and what was expected."""
    with pytest.raises(ConfigError) as caught:
        check("process", **fields)

    assert caught.value.path == f"process/{path}"
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({}, "image", "isolation docker requires image"),
        ({"image": "-v"}, "image", 'image "-v" is no name of an image'),
        ({"image": "a b"}, "image", "is no name of an image"),
        ({"memory": "lots"}, "memory", 'invalid memory "lots": expected a size like 512m'),
        ({"memory": "1k"}, "memory", "must be at least 6m"),
        ({"cpus": "z"}, "cpus", 'invalid cpus "z": expected a number like 1.5'),
        ({"cpus": "0"}, "cpus", 'invalid cpus "0"'),
        ({"user": "a b"}, "user", "user must be <uid>[:<gid>], in numbers"),
        ({"processes": 1}, "processes", "processes must be at least 4"),
        (
            {"mounts": [{"host": "", "container": "/b"}]},
            "mounts/0",
            "isolation docker mount 0 requires host and container paths",
        ),
        (
            {"mounts": [{"host": "/a", "container": "/b", "mode": "rx"}]},
            "mounts/0/mode",
            "isolation docker mount 0 mode must be ro or rw",
        ),
        (
            {"mounts": [{"host": "a", "container": "/b"}]},
            "mounts/0/host",
            '"a" is not an absolute path',
        ),
    ],
)
def test_what_isolation_docker_refuses(fields: dict[str, Any], path: str, message: str) -> None:
    """Each wrong value is an error with its place, in Caddy Snake's words where it has any."""
    with pytest.raises(ConfigError) as caught:
        check("docker", **({"image": "python:3"} | fields if fields else {"network": "n"}))

    assert caught.value.path == f"docker/{path}"
    assert message in caught.value.message


def test_backends_do_not_mix() -> None:
    """A backend that there is not, and settings of another one, are errors."""
    with pytest.raises(ConfigError, match='unknown isolation backend "dokcer"; did you mean'):
        check("dokcer")
    with pytest.raises(ConfigError, match='the backend is "none", so there is no docker'):
        check_isolation(msgspec.convert({"backend": "none", "docker": {}}, Isolation))


def test_good_values_pass() -> None:
    """What the manual says may be said."""
    check_isolation(None)
    check("none")
    check("process")
    check("process", user="www-data", memory="256MiB", cpu="1h", files=256, processes=32)
    check("process", bubblewrap="on", network="off", read=["/srv/a"], write=["/srv/b"], tmp="1GB")
    check("docker", image="python:3.13-slim", memory="512m", cpus="1.5", user="1000:1000")


def test_sizes_are_those_of_each_world() -> None:
    """`memory` of docker counts as Docker does, that of a process as Caddy does."""
    assert memory_bytes("512m") == memory_bytes("512MiB") == 512 * 1024**2
    assert memory_bytes("1.5g") == 3 * 1024**3 // 2
    assert memory_bytes("") == 0
    assert nano_cpus(".5") == 500_000_000
    assert nano_cpus("") == 0
    assert amount("memory", "512MB") == 512_000_000
    assert amount("cpu", "1500ms") == 2
    assert amount("tmp", "") is None
