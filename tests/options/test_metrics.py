"""The option metrics."""

from __future__ import annotations

from typing import Any

import pytest

from tests.options.adapted import document, refusal


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ("metrics", {}),
        ("metrics {\nper_host\n}", {"per_host": True}),
        (
            "metrics {\notlp observe_catchall_hosts\n}",
            {"observe_catchall_hosts": True, "otlp": True},
        ),
        ("metrics x {\nper_host\n}", {}),
        ("metrics {\nper_host\n}\nmetrics", {}),
    ],
)
def test_each_word_is_a_field(options: str, fields: dict[str, Any]) -> None:
    """The last option counts; nobody reads a block behind an argument."""
    assert document(options)["apps"]["http"]["metrics"] == fields


def test_without_a_server_there_is_nothing_to_count() -> None:
    """The option is for the HTTP app, which needs a site."""
    assert document("metrics", "") == {}


def test_unknown_word_is_refused() -> None:
    """The nearest one is told."""
    assert 'did you mean "per_host"?' in refusal("metrics {\nper_hst\n}")
    assert "metrics: unrecognized subdirective: yes" in refusal("metrics {\notlp yes\n}")
