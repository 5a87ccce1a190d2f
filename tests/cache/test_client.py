"""The client from threads, with snake's cache and with a Redis: the same for both."""

from __future__ import annotations

import math
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from snake.cache import Cache, CacheError, CacheTypeError


def test_a_value_is_what_was_set(cache: Cache) -> None:
    """Keys are text or bytes, values bytes; numbers come back as they are written."""
    cache.set("text", "häß")
    cache.set(b"\x00\xff\r\n", b"\x00\xff\r\n$5\r\n")
    cache.set("number", 1.5)

    assert cache.get("text") == "häß".encode()
    assert cache.get(b"\x00\xff\r\n") == b"\x00\xff\r\n$5\r\n"
    assert cache.get("number") == b"1.5"
    assert cache.get("none") is None
    assert cache.mget("number", "none", "text") == [b"1.5", None, "häß".encode()]


def test_an_empty_value_is_a_value(cache: Cache) -> None:
    """A key with nothing in it is there."""
    cache.set("empty", b"")

    assert cache.get("empty") == b""
    assert cache.exists("empty")


def test_a_value_of_the_longest_kind_comes_back(cache: Cache) -> None:
    """A MiB is taken and given."""
    value = os.urandom(1 << 20)
    cache.set("long", value)

    assert cache.get("long") == value


def test_delete_tells_how_many_there_were(cache: Cache) -> None:
    """Of three keys, two are there."""
    cache.set("a", 1)
    cache.set("b", 2)

    assert cache.delete("a", "b", "c") == 2
    assert cache.get("a") is None


def test_setnx_is_for_one(cache: Cache) -> None:
    """Of twenty threads that want a lock, one gets it."""
    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(lambda at: cache.setnx("lock", at, ttl=30), range(20)))

    assert got.count(True) == 1
    assert cache.ttl("lock") == pytest.approx(30, abs=5)


def test_getdel_takes(cache: Cache) -> None:
    """What was taken is gone."""
    cache.set("once", "x")

    assert (cache.getdel("once"), cache.getdel("once")) == (b"x", None)


def test_time_to_live(cache: Cache) -> None:
    """A key ends when its time is over, and not if that was taken back."""
    cache.set("a", 1, ttl=0.05)
    cache.set("b", 1)
    cache.set("c", 1, ttl=60)

    assert cache.ttl("b") == math.inf
    assert cache.ttl("c") == pytest.approx(60, abs=5)
    assert (cache.persist("c"), cache.persist("c"), cache.ttl("c")) == (True, False, math.inf)
    assert (cache.expire("b", 0.05), cache.expire("none", 1)) == (True, False)
    end = time.monotonic() + 5
    while (cache.exists("a") or cache.exists("b")) and time.monotonic() < end:
        time.sleep(0.01)
    assert (cache.get("a"), cache.get("b"), cache.ttl("a")) == (None, None, None)


def test_setting_again_forgets_the_end(cache: Cache) -> None:
    """A value without a time to live has none, though the one before had."""
    cache.set("a", 1, ttl=60)
    cache.set("a", 2)

    assert cache.ttl("a") == math.inf


def test_a_counter_counts_all(cache: Cache) -> None:
    """Eight threads that add one, and keep a time to live."""
    cache.set("n", 0, ttl=60)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cache.incr("n"), range(400)))

    assert cache.incr("n", -100) == 300
    assert cache.ttl("n") == pytest.approx(60, abs=10)


def test_counting_what_is_no_number_is_an_error(cache: Cache) -> None:
    """The value stays what it was."""
    cache.set("a", "x")
    with pytest.raises(CacheError, match="not an integer"):
        cache.incr("a")

    assert cache.get("a") == b"x"


def test_a_list_has_two_ends(cache: Cache) -> None:
    """Left is before, right is behind; the last to be pushed left is the first."""
    assert cache.rpush("l", "c", "d") == 2
    assert cache.lpush("l", "b", "a") == 4
    assert cache.lrange("l") == [b"a", b"b", b"c", b"d"]
    assert cache.lrange("l", 1, 2) == [b"b", b"c"]
    assert cache.lrange("l", -2) == [b"c", b"d"]
    assert (cache.lpop("l"), cache.rpop("l"), cache.llen("l")) == (b"a", b"d", 2)
    assert (cache.lpop("l"), cache.lpop("l"), cache.lpop("l")) == (b"b", b"c", None)
    assert not cache.exists("l")


def test_a_set_has_members_once(cache: Cache) -> None:
    """What is added twice is there once; an empty set is none."""
    assert cache.sadd("s", "a", "b", "a") == 2
    assert cache.sadd("s", "b", "c") == 1
    assert cache.smembers("s") == {b"a", b"b", b"c"}
    assert (cache.sismember("s", "a"), cache.sismember("s", "x")) == (True, False)
    assert cache.srem("s", "a", "x") == 1
    assert cache.srem("s", "b", "c") == 2
    assert not cache.exists("s")


def test_kinds_are_told_apart(cache: Cache) -> None:
    """A list is no scalar, and stays as it was."""
    cache.rpush("l", 1)
    for wrong in (cache.get, cache.smembers, cache.getdel, cache.incr):
        with pytest.raises(CacheTypeError):
            wrong("l")
    cache.set("a", 1)
    with pytest.raises(CacheTypeError):
        cache.lpop("a", timeout=1)

    assert cache.lrange("l") == [b"1"]


def test_keys_by_their_beginning(cache: Cache) -> None:
    """All keys that begin so, sorted, and no more than were asked for; nothing is a pattern."""
    for at in range(3000):
        cache.set(f"user:{at:04}", at)
    cache.set("use*:1", 1)
    cache.set("[user]", 1)

    assert cache.keys("user:", 5000) == [b"user:%04d" % at for at in range(3000)]
    assert len(cache.keys("user:", 7)) == 7
    assert cache.keys("use*") == [b"use*:1"]
    assert cache.keys("[u") == [b"[user]"]
    assert cache.keys("none") == []
    assert len(cache.keys("", 5000)) == 3002


def test_a_pop_waits_for_what_comes(cache: Cache) -> None:
    """A thread that waits for a list that is not there gets what another pushes."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.lpop, "queue", timeout=10)
        time.sleep(0.05)
        assert not waiting.done()
        cache.rpush("queue", "job", "next")

        assert waiting.result(10) == b"job"
    assert cache.rpop("queue", timeout=0) == b"next"


def test_a_pop_that_waits_in_vain(cache: Cache) -> None:
    """It ends when its time is over, and the connection is good for more."""
    began = time.monotonic()

    assert cache.lpop("queue", timeout=0.1) is None
    assert time.monotonic() - began >= 0.1
    cache.ping()


def test_each_job_goes_to_one(cache: Cache) -> None:
    """Two hundred jobs, eight threads that wait: each job is taken once."""
    done: list[bytes] = []

    def work() -> None:
        while (job := cache.lpop("jobs", timeout=10)) != b"end":
            assert job is not None
            done.append(job)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for at in range(200):
        cache.rpush("jobs", at)
    cache.rpush("jobs", *["end"] * 8)
    for thread in threads:
        thread.join(10)

    assert sorted(map(int, done)) == list(range(200))


def test_messages_reach_all_that_listen(cache: Cache) -> None:
    """Two that listen get every message in order; who listens to another channel, none."""
    with (
        cache.subscribe("news") as one,
        cache.subscribe("news") as two,
        cache.subscribe("other") as other,
    ):
        assert cache.publish("news", "first") == 2
        assert cache.publish("news", b"\r\n") == 2
        assert [one.get(5), one.get(5)] == [two.get(5), two.get(5)] == [b"first", b"\r\n"]
        assert one.get(0.05) is None
        assert other.get(0.05) is None
    end = time.monotonic() + 5
    while cache.publish("news", "nobody") and time.monotonic() < end:
        time.sleep(0.01)
    assert cache.publish("news", "nobody") == 0


def test_a_subscription_is_a_loop(cache: Cache) -> None:
    """Messages can be iterated over."""
    with cache.subscribe("news") as messages:
        for at in range(5):
            cache.publish("news", at)
        got = [message for _, message in zip(range(5), messages, strict=False)]

    assert got == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_has_connections_of_its_own(cache: Cache) -> None:
    """Parent and child ask at once, and each gets its own answers."""
    cache.set("who", "parent")
    pid = os.fork()
    if pid == 0:
        good = all(cache.get("who") == b"parent" for _ in range(200))
        os._exit(0 if good else 1)
    assert all(cache.get("who") == b"parent" for _ in range(200))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda cache: cache.get(5), TypeError, "a key is a str or bytes, not int"),
        (lambda cache: cache.set("a", None), TypeError, "not NoneType.*json.dumps"),
        (lambda cache: cache.set("a", {}), TypeError, "not dict"),
        (lambda cache: cache.set("a", value=True), TypeError, "not bool"),
        (lambda cache: cache.set("a", 1, ttl=0), ValueError, "more than 0"),
        (lambda cache: cache.set("a", 1, ttl=math.nan), ValueError, "more than 0"),
        (lambda cache: cache.expire("a", -1), ValueError, "more than 0"),
        (lambda cache: cache.lpop("a", timeout=-1), ValueError, "0 or more"),
        (lambda cache: cache.lpop("a", timeout=math.inf), ValueError, "0 or more"),
        (lambda cache: cache.delete(), CacheError, "wrong number of arguments"),
    ],
)
def test_what_makes_no_sense_is_refused(
    cache: Cache, wrong: object, error: type[Exception], message: str
) -> None:
    """A wrong argument is an error that says what is right."""
    assert callable(wrong)
    with pytest.raises(error, match=message):
        wrong(cache)
