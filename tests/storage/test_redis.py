"""The storage redis: its configuration, what it writes, and a Redis that fails."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme

from snake.cache.address import Address
from snake.core.errors import ConfigError, DocumentError, StartError
from snake.core.modules import Context, Registry
from snake.standard import MODULES
from snake.storage.redis import Redis
from snake.storage.redis_storage import LEASE, RedisStorage
from snake.storage.redis_value import Packing
from snake.storage.storage import StorageError
from tests.cache.serving import NO_REDIS, REDIS, Wire, redis
from tests.options.adapted import document, refusal
from tests.server import free_port
from tests.storage.conftest import PASSWORD

needs_redis = pytest.mark.skipif(REDIS is None, reason=NO_REDIS)
SECRET = "correct horse battery staple"


@asynccontextmanager
async def provisioned(**fields: Any) -> AsyncIterator[RedisStorage]:
    """Provision the module."""
    raw = msgspec.Raw(json.dumps({"module": "redis", **fields}).encode())
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack).at("storage")
        storage = await ctx.load(raw, namespace="caddy.storage", key="module")
        assert isinstance(storage, RedisStorage)
        yield storage
    await asyncio.sleep(0)


async def refused(kind: type[DocumentError] = ConfigError, **fields: Any) -> str:
    """Return why the module is refused."""
    with pytest.raises(kind) as caught:
        async with provisioned(**fields):
            pass
    return str(caught.value)


def test_address_of_version_6() -> None:
    """It stands in brackets, as in a URL."""
    module = Redis(address=("[::1]:7000",))
    address = module.where(Context(Registry({}), AsyncExitStack()))
    assert (address.host, address.port) == ("::1", 7000)


def wire(path: str) -> Wire:
    """Return a connection to look into a Redis with."""
    return Wire(f"unix://:p%40ss%3Aword@{path}")


def test_caddyfile() -> None:
    """Every value is an argument, or stands in a block."""
    options = """storage redis {
        address {
            10.0.0.1:6379
        }
        host a
        port 1
        db 2
        timeout 7
        username u
        password p
        key_prefix k
        aes_key 12345678901234567890123456789012
        compression zlib
        tls_enabled true
        tls_insecure 1
    }"""
    assert document(options)["storage"] == {
        "module": "redis",
        "address": ["10.0.0.1:6379"],
        "host": ["a"],
        "port": ["1"],
        "db": "2",
        "timeout": "7",
        "username": "u",
        "password": "p",
        "key_prefix": "k",
        "encryption_key": "12345678901234567890123456789012",
        "compression": "zlib",
        "tls_enabled": True,
        "tls_insecure": True,
    }
    assert document("storage redis")["storage"] == {"module": "redis"}
    assert document("storage redis cluster")["storage"]["client_type"] == "cluster"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("storage redis here", "redis takes cluster or failover, not here"),
        ("storage redis {\npassord x\n}", 'did you mean "password"?'),
        ("storage redis {\ndb\n}", "db takes a value"),
        ("storage redis {\ndb 1 2\n}", "db takes one value, got 2"),
        ("storage redis {\ntls_enabled perhaps\n}", "neither true nor false"),
    ],
)
def test_wrong_caddyfile(options: str, message: str) -> None:
    """What cannot be says what was expected."""
    assert message in refusal(options)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"client_type": "cluster"}, "storage/client_type: "),
        ({"master_name": "x"}, "storage/master_name: "),
        ({"route_randomly": True}, "storage/route_randomly: "),
        ({"address": ["a:1", "b:1"]}, "storage/address: several servers are a cluster"),
        ({"address": ["localhost"]}, "it would be localhost:6379"),
        ({"port": ["x"]}, 'storage/port: expected a number up to 65535, not "x"'),
        ({"db": -1}, "storage/db: expected a number"),
        ({"timeout": "5s"}, "storage/timeout: expected a number"),
        ({"key_prefix": "a/../b"}, "storage/key_prefix: "),
        ({"compression": "gzip"}, "storage/compression: expected flate, zlib or false"),
        ({"encryption_key": "short"}, "storage/encryption_key: expected at least 32 bytes"),
        ({"tls_server_certs_path": "/nowhere"}, "there is no file /nowhere"),
        ({"tls_server_certs_path": "a", "tls_server_certs_pem": "b"}, "two of one thing"),
        ({"username": "{env.NO_SUCH_NAME}"}, "{env.NO_SUCH_NAME}"),
    ],
)
async def test_wrong_fields(fields: dict[str, Any], message: str) -> None:
    """A value that cannot work, or that only a cluster has, is refused by its name."""
    assert message in await refused(**fields)


async def test_secrets_are_not_told() -> None:
    """A password that is refused for its braces is not in the message."""
    message = await refused(password="hunter{2}")
    assert message.startswith("storage/password: ")
    assert "2" not in message


@needs_redis
async def test_module_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Server, database, prefix and password are those of the configuration."""
    port = free_port()
    monkeypatch.setenv("TEST_PASSWORD", PASSWORD)
    with redis("--port", str(port)) as path:
        fields = {"address": [f"127.0.0.1:{port}"], "db": 3, "key_prefix": "/x/y/"}
        async with provisioned(password="{env.TEST_PASSWORD}", **fields) as storage:
            await storage.store("a/b", b"1")
        with wire(path) as other:
            other.ask("SELECT", "3")
            assert sorted(other.ask("KEYS", "*")) == [b"x", b"x/y", b"x/y/a", b"x/y/a/b"]
        message = await refused(StartError, password=SECRET, **fields)
        assert message == (
            f"storage: Redis at 127.0.0.1:{port}: it refuses the username or the password"
        )
        message = await refused(StartError, username="u", password=SECRET, **fields)
        assert SECRET not in message
    message = await refused(StartError, password=SECRET, **fields)
    assert message.startswith(f"storage: Redis at 127.0.0.1:{port}: ")
    assert SECRET not in message


@needs_redis
async def test_tls(tmp_path: Path) -> None:
    """A certificate must be one that is believed, unless that is switched off."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "cert.pem"
    )
    port = free_port()
    files = [f"--tls-{name}-file {tmp_path}/cert.pem".split() for name in ("cert", "key")]
    options = ["--tls-port", str(port), *chain(*files), "--tls-auth-clients", "no"]
    with redis(*options):
        fields = {
            "address": [f"localhost:{port}"],
            "password": PASSWORD,
            "tls_enabled": True,
        }
        for how in (
            {"tls_server_certs_path": str(tmp_path / "ca.pem")},
            {"tls_server_certs_pem": (tmp_path / "ca.pem").read_text()},
            {"tls_insecure": True},
        ):
            async with provisioned(**fields, **how) as storage:
                await storage.store("a", b"1")
        assert "verify failed" in await refused(StartError, **fields)


async def test_what_is_written(address: Address) -> None:
    """Values, index and locks are those of the module for Caddy."""
    now = 1_800_000_000 * 10**9 + 5
    async with RedisStorage(address, now=lambda: now).open() as storage:
        await storage.store("certificates/local/a.com/a.com.crt", b"<pem>")
        await storage.store("b", b"")
        with wire(address.path) as other:
            assert json.loads(other.ask("GET", "caddy/certificates/local/a.com/a.com.crt")) == {
                "value": base64.b64encode(b"<pem>").decode(),
                "modified": "2027-01-15T08:00:00.000000005Z",
                "size": 5,
                "compression": 0,
                "encryption": 0,
            }
            for prefix, names in {
                "caddy": ["b", "1800000000", "certificates/", "1800000000"],
                "caddy/certificates": ["local/", "1800000000"],
                "caddy/certificates/local/a.com": ["a.com.crt", "1800000000"],
            }.items():
                found = other.ask("ZRANGE", prefix, "0", "-1", "WITHSCORES")
                assert [each.decode() for each in found] == names, prefix
            async with storage.lock("issue_cert_a.com"):
                token = other.ask("GET", "caddy/locks/issue_cert_a.com")
                assert len(token) == 22
                assert 0 < other.ask("PTTL", "caddy/locks/issue_cert_a.com") <= LEASE * 1000
            assert other.ask("EXISTS", "caddy/locks/issue_cert_a.com") == 0
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    "packing",
    [
        {"compression": 1, "value": b"\xcbH\xcd\xc9\xc9W\xc8 L\x02\x00"},
        {"compression": 2, "value": b"x\x9c\xcbH\xcd\xc9\xc9W\xc8 L\x02\x00@\xe1\x0fM"},
    ],
)
async def test_what_caddy_compressed(address: Address, packing: dict[str, Any]) -> None:
    """A value is read however it is packed, whatever this one would write."""
    value = {
        "modified": "2026-11-26T17:05:08.394+02:00",
        "size": 41,
        "encryption": 0,
        **packing,
        "value": base64.b64encode(packing["value"]).decode(),
    }
    with wire(address.path) as other:
        other.ask("SET", "caddy/a", json.dumps(value))
    async with RedisStorage(address).open() as storage:
        assert await storage.load("a") == b"hello hello hello hello hello hello hello"
        assert (await storage.stat("a")).modified == 1795705508.394
    await asyncio.sleep(0)


async def test_key_of_the_values(address: Address) -> None:
    """What is encrypted is not read without its key, and nothing of either is told."""
    async with RedisStorage(address, packing=Packing(key=b"k" * 32)).open() as storage:
        await storage.store("a", SECRET.encode())
        assert await storage.load("a") == SECRET.encode()
    with wire(address.path) as other:
        assert SECRET.encode() not in base64.b64decode(
            json.loads(other.ask("GET", "caddy/a"))["value"]
        )
    for packing, message in (
        (Packing(), "there is no encryption_key"),
        (Packing(key=b"K" * 32), "another encryption_key"),
    ):
        async with RedisStorage(address, packing=packing).open() as storage:
            with pytest.raises(StorageError, match=f", a: it is encrypted.*{message}"):
                await storage.load("a")
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'{"value":1,"modified":"2026-01-01T00:00:00Z"}',
        b'{"value":"!","modified":"2026-01-01T00:00:00Z"}',
        b'{"value":"","modified":"now"}',
        b'{"value":"","modified":"2026-01-01T00:00:00Z","compression":9}',
        b'{"value":"AAAA","modified":"2026-01-01T00:00:00Z","compression":2}',
        b'{"value":"AAAA","modified":"2026-01-01T00:00:00Z","compression":1}',
    ],
)
async def test_what_nobody_would_write(address: Address, content: bytes) -> None:
    """Of what stands in Redis nothing is believed."""
    with wire(address.path) as other:
        other.ask("SET", "caddy/a", content)
    async with RedisStorage(address).open() as storage:
        with pytest.raises(StorageError, match=", a: "):
            await storage.load("a")
    await asyncio.sleep(0)


async def test_value_that_grows(address: Address) -> None:
    """A value that would be too large when it is unpacked is refused."""
    bomb = Packing("zlib").pack(bytes(32 << 20), 0)
    assert len(bomb) < 100_000
    with wire(address.path) as other:
        other.ask("SET", "caddy/a", bomb)
    async with RedisStorage(address).open() as storage:
        with pytest.raises(StorageError, match="it is larger than 16 MiB"):
            await storage.load("a")
    await asyncio.sleep(0)


@needs_redis
async def test_server_that_comes_back() -> None:
    """While the server is gone all fails at once, with where and why; then it works again."""
    port = free_port()
    where = Address(host="127.0.0.1", port=port, secret=PASSWORD)
    async with RedisStorage(where).open() as storage:
        with redis("--port", str(port)):
            await storage.store("a", b"1")
        for call in (
            storage.load("a"),
            storage.store("a", b"1"),
            storage.list(""),
            storage.check(),
        ):
            with pytest.raises(StorageError, match=rf"^Redis at 127\.0\.0\.1:{port}: "):
                await call
        with pytest.raises(StorageError):
            async with storage.lock("a"):
                pass
        with redis("--port", str(port)):
            await storage.store("a", b"2")
            assert await storage.load("a") == b"2"
    await asyncio.sleep(0)


async def test_server_that_says_nothing() -> None:
    """A server that does not answer is given up after the timeout."""
    stopped = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        await stopped.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with RedisStorage(Address(host="127.0.0.1", port=port, timeout=0.2)).open() as storage:
        with pytest.raises(StorageError, match="it did not answer in time"):
            await storage.load("a")
    stopped.set()
    server.close()
    await server.wait_closed()


async def test_server_that_repeats_what_it_was_sent() -> None:
    """A server without a command tells it with its arguments: none of that is in a message."""

    async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.read(65_536)
        said = data.replace(b"\r\n", b" ")
        writer.write(b"-ERR unknown command 'AUTH', with args beginning with: " + said + b"\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(strange, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    where = Address(host="127.0.0.1", port=port, secret=SECRET)
    async with RedisStorage(where).open() as storage:
        with pytest.raises(StorageError, match="unknown command 'AUTH'") as caught:
            await storage.load("a")
    assert SECRET not in str(caught.value)
    server.close()
    await server.wait_closed()


async def test_refused_while_the_lock_is_held(address: Address) -> None:
    """Who finds its lock in another's hands does no more, and leaves it to the other."""
    async with RedisStorage(address).open() as storage:

        async def work() -> None:
            async with storage.lock("a"):
                with wire(address.path) as other:
                    other.ask("SET", "caddy/locks/a", "another")
                await asyncio.sleep(3600)

        with pytest.raises(StorageError, match="the lock a was lost"):
            await work()
        with wire(address.path) as other:
            assert other.ask("GET", "caddy/locks/a") == b"another"
    await asyncio.sleep(0)
