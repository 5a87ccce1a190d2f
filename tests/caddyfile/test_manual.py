"""Errors show the form that was expected, as the manual of the word has it."""

from __future__ import annotations

import pytest

from tests.adapter.test_adapt import refusal


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            ":80 {\n\trespond a b c\n}",
            "expected: respond [<matcher>] <status> | <body> [<status>]",
        ),
        ("{\n\tgrace_period\n}", "expected: grace_period <duration>"),
        (
            "{\n\tservers {\n\t\ttimeouts {\n\t\t\tidle\n\t\t}\n\t}\n}",
            "expected: idle <duration>",
        ),
        (
            ":80 {\n\t@a header\n}",
            "expected: header <field> <value>\n          header !<field>",
        ),
        (
            ":80 {\n\thandle {\n\t\tencode {\n\t\t\tminimum_length x\n\t\t}\n\t}\n}",
            "expected: minimum_length <bytes>",
        ),
        (":80 {\n\thandle {\n\t\trewrite\n\t}\n}", "expected: rewrite [<matcher>] <to>"),
    ],
)
def test_form_of_the_line_is_shown(text: str, hint: str) -> None:
    """It is that of the line which is wrong: the directive's, or one inside its braces."""
    assert refusal(text).hint == hint


def test_hint_of_its_own_stays() -> None:
    """An error that says what is known has no need of the manual."""
    assert refusal(":80 {\n\turi foo\n}").hint.startswith("uri knows: strip_prefix")


def test_unknown_word_has_no_form() -> None:
    """Nothing is expected of a word that nobody knows."""
    assert "expected" not in refusal(":80 {\n\trespnd a\n}").hint
