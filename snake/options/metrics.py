"""metrics: count and time requests.

Syntax::

    metrics {
        per_host
        observe_catchall_hosts
        otlp
    }

`per_host` counts the requests of each configured host, `observe_catchall_hosts` those of all
other hosts by name as well. The directive `metrics` shows the figures; `otlp` sends them to a
collector of OpenTelemetry, which the environment names (`OTEL_EXPORTER_OTLP_ENDPOINT` and
others), and needs packages: `pip install "snake-server[tracing]"`.
"""

from __future__ import annotations

from snake.caddyfile.words import subdirectives
from snake.config.http import Metrics
from snake.plugin import Guests, Option, Segment

_FLAGS = ("per_host", "observe_catchall_hosts", "otlp")


def _parse(line: Segment, earlier: object, guests: Guests) -> Metrics:
    del earlier, guests
    # Caddy reads no block behind an argument.
    given = {sub.name for sub in subdirectives(line, _FLAGS)} if not line.args else set()
    return Metrics(**{name: name in given for name in _FLAGS})


metrics = Option("metrics", _parse)
