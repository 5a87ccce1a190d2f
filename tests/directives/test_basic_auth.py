"""basic_auth, as far as it is adapted and checked."""

from __future__ import annotations

import pytest

from tests.directives.adapted import mistake, refusal, warnings


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


async def test_it_does_not_run_yet() -> None:
    """It never lets everybody in: a config that has it does not start."""
    basic = {"hash": {"algorithm": "bcrypt"}, "accounts": [{"username": "a", "password": "b"}]}
    error = await refusal({"handler": "authentication", "providers": {"http_basic": basic}})

    assert error.message.startswith("http.handlers.authentication does not run")


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
