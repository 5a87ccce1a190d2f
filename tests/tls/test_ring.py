"""The certificates that a worker has, and what it asks for."""

from __future__ import annotations

import asyncio

from snake.tls.certificate import Certificate
from snake.tls.challenge import Challenge
from snake.tls.ring import CERTIFICATE, NOBODY, Found, Ring, Update, Visitor, decode, encode


def named(*names: str, mark: str = "") -> Certificate:
    """Return a certificate for names; those with another mark are others."""
    return Certificate("chain", "key", names, 0.0, 1.0, "1", f"{names}{mark}")


def holding(*certificates: Certificate, asks: tuple[str, ...] = ()) -> Ring:
    """Return a ring."""
    ring = Ring()
    ring.update(Update(certificates, asks=asks))
    return ring


def test_exact_name_comes_before_a_wildcard() -> None:
    """A certificate for the name itself is found first, then one for a wildcard."""
    exact, wildcard = named("a.b.com"), named("*.b.com")
    ring = holding(wildcard, exact)
    assert ring.matching("a.b.com") == (exact,)
    assert ring.matching("c.b.com") == (wildcard,)
    assert ring.matching("b.com") == ()
    assert ring.matching("x.c.b.com") == ()


def test_what_is_gone_is_not_found() -> None:
    """A renewed certificate takes the place of the one before."""
    old, new = named("a.com", "b.com"), named("a.com", mark="new")
    ring = holding(old)
    ring.update(Update((new,), (old.fingerprint,)))
    assert ring.matching("a.com") == (new,)
    assert ring.matching("b.com") == ()
    assert list(ring) == [new]


def test_certificates_may_come_for_what_is_said() -> None:
    """A name is asked for only if there may be a certificate for it."""
    ring = holding(asks=("a.com", "*.b.com"))
    assert ring.may_come("a.com")
    assert ring.may_come("x.b.com")
    assert not ring.may_come("c.com")
    assert not ring.may_come("")
    assert holding(asks=("*",)).may_come("anything")
    assert not holding().may_come("a.com")


async def test_supervisor_is_asked_once_for_all_who_wait() -> None:
    """However many wait for a name, it is asked for once."""
    asked: list[tuple[str, str, Visitor]] = []
    ring = Ring(lambda *what: asked.append(what))
    visitor = Visitor("192.0.2.1", "192.0.2.2")
    waiting = [asyncio.create_task(ring.seek("a.com", visitor)) for _ in range(20)]
    await asyncio.sleep(0)
    ring.answer(CERTIFICATE, "a.com", Found(named("a.com")))
    found = await asyncio.gather(*waiting)
    assert set(found) == {named("a.com")}
    assert asked == [(CERTIFICATE, "a.com", visitor)]
    assert ring.matching("a.com") == (named("a.com"),)


async def test_refusal_is_remembered() -> None:
    """What there is not is not asked for again as long as the supervisor has said."""
    asked: list[str] = []
    ring = Ring(lambda *what: asked.append(what[1]))
    waiting = asyncio.create_task(ring.seek("a.com"))
    await asyncio.sleep(0)
    ring.answer(CERTIFICATE, "a.com", Found(seconds=60))
    assert await waiting is None
    assert await ring.seek("a.com") is None
    assert asked == ["a.com"]


async def test_flood_of_names_has_a_bound() -> None:
    """Of names beyond a thousand nobody is asked as long as those wait."""
    asked: list[str] = []
    ring = Ring(lambda *what: asked.append(what[1]))
    waiting = [asyncio.create_task(ring.seek(f"{number}.com")) for number in range(1100)]
    await asyncio.sleep(0.01)
    assert len(asked) == 1000
    assert sum(task.done() for task in waiting) == 100
    for task in waiting:
        task.cancel()


async def test_passing_certificate_is_forgotten() -> None:
    """A certificate that a manager gave is asked for again after a while."""
    ring = Ring(lambda *_: None)
    waiting = asyncio.create_task(ring.seek("a.com"))
    await asyncio.sleep(0)
    ring.answer(CERTIFICATE, "a.com", Found(named("a.com"), seconds=0.01))
    assert await waiting == named("a.com")
    await asyncio.sleep(0.05)
    assert ring.matching("a.com") == ()


def test_values_travel() -> None:
    """What the supervisor tells arrives as it was."""
    update = Update((named("a.com"),), ("x",), ("*",))
    assert decode(encode(update), Update) == update
    found = Found(challenge=Challenge("http-01", "a.com", "t", "t.k"), seconds=2)
    assert decode(encode(found), Found) == found
    assert decode(encode(NOBODY), Visitor) == NOBODY
