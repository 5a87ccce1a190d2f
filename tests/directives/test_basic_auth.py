"""basic_auth."""

from __future__ import annotations

import asyncio
import threading
from base64 import b64encode
from typing import Any

import bcrypt
import pytest

from tests.directives.adapted import mistake, refusal, warnings
from tests.site import Response, Site, site, site_of_routes

BOB = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
AL = bcrypt.hashpw("pä:ss".encode(), bcrypt.gensalt(4)).decode()


def basic(*, cache: bool = True, **fields: Any) -> Site:
    """Return a site for bob and al, which answers with the user's name."""
    accounts = [{"username": "bob", "password": BOB}, {"username": "al", "password": AL}]
    provider = {"accounts": accounts} | ({"hash_cache": {}} if cache else {}) | fields
    handler = {"handler": "authentication", "providers": {"http_basic": provider}}
    body = "{http.auth.user.id}|{http.auth.user.x}"
    return site_of_routes({"handle": [handler, {"handler": "static_response", "body": body}]})


async def ask(s: Site, given: bytes | str, scheme: str = "Basic", **options: Any) -> Response:
    """Send credentials."""
    raw = given.encode() if isinstance(given, str) else given
    value = f"{scheme} {b64encode(raw).decode()}"
    return await s.get("/", headers={"Authorization": value}, **options)


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("basic_auth {\nbob\n}", 3, "bob", "username and password cannot be empty or missing"),
        ('basic_auth {\n"" x\n}', 3, '""', "username and password cannot be empty or missing"),
        ('basic_auth {\nbob ""\n}', 3, "bob", "username and password cannot be empty"),
        ("basic_auth {\nbob a b c\n}", 3, "b", "the account of bob has one hash, got 3"),
        ("basic_auth {\nbob a {\n}\n}", 3, "bob", "bob takes no block"),
        ("basic_auth sha256", 2, "sha256", "unrecognized hash algorithm: sha256"),
        ("basic_auth bcript", 2, "bcript", 'did you mean "bcrypt"?'),
        ("basic_auth bcrypt a b", 2, "b", "takes the kind of hash and a realm"),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


def test_nothing_is_warned_of() -> None:
    """It is the name to use."""
    assert warnings("basic_auth {\nbob hash\n}") == []


@pytest.mark.parametrize(
    ("basic", "path"),
    [
        ({"accounts": {"bob": "hash"}}, "accounts"),
        ({"accounts": [{"username": 1}]}, "accounts/0/username"),
        ({"accounts": [{"name": "bob"}]}, "accounts/0"),
        ({"hash": {"algorithm": "md5"}}, "hash"),
        ({"hash": {"algorithm": "bcrypt", "cost": 3}}, "hash"),
        ({"hash_cache": True}, "hash_cache"),
        ({"realm": []}, "realm"),
    ],
)
async def test_wrong_types(basic: dict[str, object], path: str) -> None:
    """What stands in it is typed, the kinds of hash too."""
    error = await refusal({"handler": "authentication", "providers": {"http_basic": basic}})

    assert error.path == f"handle/0/providers/http_basic/{path}"


async def test_unknown_provider() -> None:
    """There is one provider."""
    error = await refusal({"handler": "authentication", "providers": {"http_basi": {}}})

    assert 'did you mean "http_basic"?' in error.message


@pytest.mark.parametrize("cache", [True, False])
async def test_right_and_wrong(cache: bool) -> None:  # noqa: FBT001
    """Whoever has an account and its password comes in, again and again; nobody else does."""
    async with basic(cache=cache) as s:
        for _ in range(2):
            for given, name in [("bob:secret", "bob"), ("al:pä:ss", "al")]:
                answer = await ask(s, given)
                assert (answer.status, answer.text) == (200, f"{name}|{{http.auth.user.x}}")
                assert answer.header("www-authenticate") is None
            for given in ("bob:wrong", "eve:secret", "al:secret", "bob:", ":secret", "Bob:secret"):
                answer = await ask(s, given)
                assert (answer.status, answer.body) == (401, b"")
                assert answer.header("www-authenticate") == 'Basic realm="restricted"'


@pytest.mark.parametrize(
    "given",
    [
        *("Basic", "Basic ", "Basic ####", "Basic Ym9iOnNlY3JldA", "Basic  Ym9iOnNlY3JldA=="),
        *("Basic Ym9iOnNlY3JldA====", "Basic Ym9i OnNlY3JldA==", "Basic Ym9i", "Bearer abc"),
        *("Digest Ym9iOnNlY3JldA==", "Basic\tYm9iOnNlY3JldA==", "\xff\xfe", "Basic \xff"),
    ],
)
async def test_header_that_says_nothing(given: str) -> None:
    """What is no name and password in base 64 is a 401, as if nothing had been sent."""
    async with basic() as s:
        answer = await s.get("/", headers={"Authorization": given})

        assert (answer.status, answer.header("www-authenticate")) == (
            401,
            'Basic realm="restricted"',
        )


@pytest.mark.parametrize(
    "given",
    [b"bob\0:secret", b"bob:secret\0", b"\xff\xfe:\xff", b"b" * 10_000 + b":" + b"x" * 9_000],
)
async def test_odd_credentials(given: bytes) -> None:
    """NUL, bytes that are not UTF-8 and 19 kB of credentials are wrong, and nothing else."""
    async with basic() as s:
        assert (await ask(s, given)).status == 401
        assert (await ask(s, "bob:secret", "bASIC")).status == 200


@pytest.mark.parametrize(
    ("realm", "shown"),
    [("The staff", "The staff"), ('a "b"', 'a "b"'), ("a\r\nX: y", "a  X: y"), ("{env.HOME}",) * 2],
)
async def test_realm(realm: str, shown: str) -> None:
    """The realm is shown as it is; it cannot become another header."""
    async with basic(realm=realm) as s:
        assert (await s.get()).header("www-authenticate") == f'Basic realm="{shown}"'


async def test_error_routes_answer() -> None:
    """The 401 goes through the error routes, which know no user, and keeps the challenge."""
    text = (
        f":80 {{\nheader WWW-Authenticate Other\nbasic_auth {{\nbob {BOB}\n}}\nrespond in\n"
        "handle_errors {\nrespond `{err.status_code} {err.message} {http.auth.user.id}`\n}\n}"
    )
    async with site(text) as s:
        answer = await s.get()

        assert (answer.status, answer.text) == (401, "401 not authenticated {http.auth.user.id}")
        assert answer.headers("www-authenticate") == ['Basic realm="restricted"']


async def test_nobody_has_an_account() -> None:
    """Without accounts, or without a provider, nobody comes in."""
    nobody = {"handler": "authentication", "providers": {"http_basic": {}}}
    async with site_of_routes({"handle": [nobody]}) as s:
        assert (await ask(s, ":")).status == 401
    async with site_of_routes({"handle": [{"handler": "authentication"}]}) as s:
        answer = await s.get()
        assert (answer.status, answer.header("www-authenticate")) == (401, None)


async def test_hash_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash may be in base 64, or in the environment; so may a name."""
    monkeypatch.setenv("SNAKE_TEST_HASH", BOB)
    monkeypatch.setenv("SNAKE_TEST_NAME", "bea")
    accounts = [
        {"username": "{env.SNAKE_TEST_NAME}", "password": "{env.SNAKE_TEST_HASH}"},
        {"username": "ben", "password": b64encode(BOB.encode()).decode()},
    ]
    async with basic(accounts=accounts) as s:
        assert (await ask(s, "bea:secret")).text.startswith("bea|")
        assert (await ask(s, "ben:secret")).text.startswith("ben|")


@pytest.mark.parametrize(
    ("accounts", "path", "message"),
    [
        ([("bob", "secret")], "0/password", "no hash: one begins with $, or is in base 64"),
        ([("bob", "c2VjcmV0")], "0/password", "the hash of bob is none of bcrypt"),
        ([("bob", "$argon2id$v=19$m=64")], "0/password", "write basic_auth argon2id"),
        ([("bob", BOB), ("bob", BOB)], "1/username", "bob has an account already"),
        ([("", BOB)], "0/username", "an account has a username and a password"),
        ([("bob", "")], "0/password", "an account has a username and a password"),
        ([("bob", "{env.SNAKE_TEST_NONE}")], "0/password", "{env.SNAKE_TEST_NONE} is empty"),
        ([("{http.x}", BOB)], "0/username", "unrecognized placeholder {http.x}"),
    ],
)
async def test_wrong_accounts(accounts: list[tuple[str, str]], path: str, message: str) -> None:
    """An account that could never be used stops the start, and is named."""
    given = [{"username": name, "password": text} for name, text in accounts]
    provider = {"http_basic": {"accounts": given}}
    error = await refusal({"handler": "authentication", "providers": provider})

    assert error.path == f"handle/0/providers/http_basic/accounts/{path}"
    assert message in error.message


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Note which hashes passwords are compared with; each takes long enough to be met."""
    seen: list[bytes] = []
    real = bcrypt.checkpw
    slow = threading.Event()

    def checkpw(password: bytes, hashed: bytes) -> bool:
        seen.append(hashed)
        slow.wait(0.05)
        return real(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    return seen


async def test_same_credentials_are_hashed_once(compared: list[bytes]) -> None:
    """Of many who come at once with the same credentials, one is hashed, right or wrong."""
    async with basic() as s:
        for given, status in [("bob:secret", 200), ("bob:wrong", 401), ("eve:x", 401)]:
            compared.clear()
            answers = await asyncio.gather(*(ask(s, given) for _ in range(20)), ask(s, given))
            answers.append(await ask(s, given))

            assert {answer.status for answer in answers} == {status}
            assert len(compared) == 1


async def test_every_time_without_cache(compared: list[bytes]) -> None:
    """Without `hash_cache`, which only JSON can leave out, each request is hashed."""
    async with basic(cache=False) as s:
        for _ in range(3):
            assert (await ask(s, "bob:secret")).status == 200

    assert len(compared) == 3


async def test_unknown_names_cost_as_much(compared: list[bytes]) -> None:
    """For a name without an account a fake hash of the same cost is compared, always the same.

    What one unknown name has tried is not remembered for another.
    """
    async with basic() as s:
        for name in ("eve", "eva", "eve"):
            for password in ("x", "y"):
                assert (await ask(s, f"{name}:{password}")).status == 401

    assert len(compared) == 4
    assert {hashed[:7] for hashed in compared} == {BOB[:7].encode()}
    assert not {BOB.encode(), AL.encode()} & set(compared)
    assert compared[0] == compared[1]


async def test_others_are_served_meanwhile(compared: list[bytes]) -> None:
    """While a client tries many passwords, other clients get their answers in turn."""
    async with basic() as s:
        assert (await ask(s, "al:pä:ss")).status == 200
        flood = [
            asyncio.create_task(ask(s, f"bob:{number}", client=("10.0.0.1", 1)))
            for number in range(40)
        ]
        await asyncio.sleep(0)
        known = await ask(s, "al:pä:ss", client=("10.0.0.2", 1))
        hashed_for_known = len(compared)
        new = await ask(s, "bob:secret", client=("10.0.0.2", 1))
        waiting = sum(not task.done() for task in flood)

        assert (known.status, new.status) == (200, 200)
        assert hashed_for_known <= 3
        assert waiting > 30
        assert {answer.status for answer in await asyncio.gather(*flood)} == {401}


async def test_too_many_guesses() -> None:
    """A client that tries more passwords at once than may wait is refused some with a 503."""
    async with basic() as s:
        answers = await asyncio.gather(*(ask(s, f"bob:{number}") for number in range(300)))

        statuses = [answer.status for answer in answers]
        assert set(statuses) == {401, 503}
        assert statuses.count(401) >= 100
