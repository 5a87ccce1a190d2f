"""metrics: answer with what has been measured, for Prometheus.

Syntax::

    metrics [<matcher>] {
        disable_openmetrics
    }

With `disable_openmetrics`, the answer is never in the OpenMetrics format.
"""

from __future__ import annotations

from snake.plugin import Directive, HandlerModule, Scope, Segment, subdirectives


class Metrics(HandlerModule):
    """The JSON of `http.handlers.metrics`."""

    id = "http.handlers.metrics"

    disable_openmetrics: bool = False


def parse(line: Segment, scope: Scope) -> Metrics:
    """Read a `metrics` line."""
    del scope
    line.flag()
    found = [words.name for words in subdirectives(line, ("disable_openmetrics",))]
    return Metrics(disable_openmetrics=bool(found))


directive = Directive("metrics", parse)
