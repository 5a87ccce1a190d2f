"""The option order."""

from __future__ import annotations

import pytest

from tests.options.adapted import document, refusal


def _order(options: str) -> list[str]:
    site = ":80 {\nheader A b\nrespond a\nerror 404\n}"
    [route] = document(options, site)["apps"]["http"]["servers"]["srv0"]["routes"]
    return [handler["handler"] for handler in route["handle"]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("order respond first", ["static_response", "headers", "error"]),
        ("order header last", ["error", "static_response", "headers"]),
        ("order respond before error", ["headers", "static_response", "error"]),
        ("order header after error", ["error", "headers", "static_response"]),
        ("order header last\norder error after header", ["static_response", "headers", "error"]),
    ],
)
def test_directives_run_in_that_order(options: str, expected: list[str]) -> None:
    """A directive goes to the place that the option gives it, one option after another."""
    assert _order(options) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("order", "wrong argument count for order"),
        ("order respond", "wrong argument count for order"),
        ("order respond last header", "wrong argument count for order"),
        ("order respond frist", "unknown positional 'frist'; did you mean \"first\"?"),
        ("order respnd first", "respnd is not a registered directive"),
        ("order respond after heder", "directive 'heder' not found; did you mean \"header\"?"),
        ("order respond after respond", "directive 'respond' not found"),
    ],
)
def test_wrong_order_is_refused(options: str, message: str) -> None:
    """What cannot be says what was expected."""
    assert message in refusal(options)
