"""templates, as far as it is adapted and checked."""

from __future__ import annotations

import pytest

from tests.directives.adapted import mistake, refusal, warnings


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("templates {\nmime\n}", 3, "mime", "mime takes the types of templates"),
        ("templates {\nbetween a\n}", 3, "between", "an opening and a closing mark, got 1"),
        ("templates {\nbetween a b c\n}", 3, "c", "an opening and a closing mark, got 3"),
        ("templates {\nroot\n}", 3, "root", "root takes a folder"),
        ("templates {\nextensions a\n}", 3, "a", "extensions takes no argument, got a"),
        ("templates {\nextensions {\na\n}\n}", 4, "a", "module not registered: http.handlers."),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


def test_unknown_words_are_warned_of() -> None:
    """Caddy passes over them, and so do we: the nearest known name is told."""
    assert warnings("templates {\nmimes a\n}") == [
        'Caddyfile:3: templates: mimes is no subdirective, and ignored; did you mean "mime"?',
        "Caddyfile:3: templates: a is no subdirective, and ignored",
    ]


async def test_it_does_not_run_yet() -> None:
    """A template is never sent as it is."""
    error = await refusal({"handler": "templates"})

    assert error.message.startswith("http.handlers.templates does not run")


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"mime_types": "text/html"}, "mime_types"),
        ({"delimiters": [1]}, "delimiters/0"),
        ({"match": {"mine": {}}}, "match/mine"),
    ],
)
async def test_wrong_types(config: dict[str, object], path: str) -> None:
    """Its fields are typed."""
    error = await refusal({"handler": "templates", **config})

    assert error.path == f"handle/0/{path}"
