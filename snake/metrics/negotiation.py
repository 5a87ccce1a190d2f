"""Negotiation: which form of metrics a client likes best: Prometheus' text, or OpenMetrics.

Source: `NegotiateIncludingOpenMetrics` of Prometheus' library for Go.
"""

from __future__ import annotations

_TEXT = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
_OPENMETRICS = "application/openmetrics-text; version={}; charset=utf-8; escaping=underscores"


def preferred(accept: str) -> str:
    """Return the version of OpenMetrics that an `Accept` likes best; none if it likes the text."""
    choices: list[tuple[float, str, str]] = []
    for part in accept.split(","):
        type, *rest = (word.strip().lower() for word in part.split(";"))
        parameters = dict(word.partition("=")[::2] for word in rest)
        try:
            weight = float(parameters.get("q", "1"))
        except ValueError:
            weight = 1.0
        choices.append((-weight, type, parameters.get("version", "")))
    for _, type, version in sorted(choices, key=lambda choice: choice[0]):
        if type == "text/plain" and version in ("", "0.0.4"):
            return ""
        if type == "application/openmetrics-text" and version in ("", "0.0.1", "1.0.0"):
            return version or "0.0.1"
    return ""


def content_type(version: str) -> str:
    """Return the Content-Type of a version of OpenMetrics; of the text, if it is empty."""
    return _OPENMETRICS.format(version) if version else _TEXT
