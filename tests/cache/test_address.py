"""Addresses of caches: what each part means, and what is wrong with the others."""

from __future__ import annotations

import pytest

from snake.cache import Cache, CacheConfigurationError
from snake.cache.address import Address, parse


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("unix:///run/c.sock?token=a.b", Address(path="/run/c.sock", secret="a.b")),
        ("unix:///run/r%20x.sock", Address(path="/run/r x.sock", prefix=b"snake:")),
        (
            "unix://:p%40ss@/r.sock?db=2&namespace=shop",
            Address(path="/r.sock", secret="p@ss", db=2, prefix=b"shop:"),
        ),
        ("unix:///r.sock?password=x", Address(path="/r.sock", secret="x", prefix=b"snake:")),
        ("redis://cache", Address(host="cache", prefix=b"snake:")),
        (
            "redis://me:secret@10.0.0.1:6380/3?timeout=0.5&namespace=",
            Address(host="10.0.0.1", port=6380, name="me", secret="secret", db=3, timeout=0.5),
        ),
        ("valkey://[::1]:7000", Address(host="::1", port=7000, prefix=b"snake:")),
        (
            "rediss://h?cafile=/ca.pem",
            Address(host="h", tls=True, cafile="/ca.pem", prefix=b"snake:"),
        ),
    ],
)
def test_each_part_has_its_meaning(url: str, address: Address) -> None:
    """Sockets, hosts, names, passwords, databases, namespaces and timeouts."""
    assert parse(url) == address


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://h", 'begins with redis://, rediss:// or unix://, not "http"'),
        ("redis", 'not ""'),
        ("redsi://h", 'did you mean "redis"'),
        ("redis://", "names a host"),
        ("redis:///1", "names a host"),
        ("redis://h:x", "is no URL"),
        ("redis://h:99999", "is no URL"),
        ("redis://[::1", "is no URL"),
        ("redis://h/x", 'a number, not "x"'),
        ("redis://h/-1", 'a number, not "-1"'),
        ("redis://h?db=x", 'a number, not "x"'),
        ("redis://h?timeout=0", 'a number of seconds, not "0"'),
        ("redis://h?timeout=nan", 'a number of seconds, not "nan"'),
        ("redis://h?timeuot=1", 'did you mean "timeout"'),
        ("redis://h?token=x", 'no option "token"'),
        ("redis://:a#b@h", "in a password it is %23"),
        ("unix://run/c.sock", "three slashes"),
        ("unix://", "three slashes"),
        ("unix:///c.sock?token=x&db=1", "a token and no more"),
    ],
)
def test_what_is_no_address_is_refused(url: str, message: str) -> None:
    """With what would be one."""
    with pytest.raises(CacheConfigurationError) as caught:
        parse(url)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    "url", ["redis://:hunter2@h/x", "redis://:hunter2@h?tmeout=1", "x://:hunter2@"]
)
def test_passwords_are_not_told(url: str) -> None:
    """No message has one in it."""
    with pytest.raises(CacheConfigurationError) as caught:
        parse(url)

    assert "hunter2" not in str(caught.value)


def test_without_a_cache_the_client_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is used, and not when it is made."""
    monkeypatch.delenv("SNAKE_CACHE", raising=False)
    cache = Cache()
    with pytest.raises(CacheConfigurationError, match=r"SNAKE_CACHE is not set.*snake run"):
        cache.get("a")
    monkeypatch.setenv("SNAKE_CACHE", "nonsense")
    with pytest.raises(CacheConfigurationError, match="begins with"):
        cache.get("a")
