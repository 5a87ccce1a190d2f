"""Write `metrics.md`, the reference of all metrics, from the metrics themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from prometheus_client.core import Metric

from snake.admin.counts import Counts
from snake.admin.metrics import families
from snake.metrics import apps, logs, requests, sites
from snake.metrics import report as parts
from snake.metrics.exposition import Known, metrics
from snake.metrics.figures import Key

PAGE = Path(__file__).with_suffix(".md")

OPENING = """\
# Metrics

`make docs` writes this page from the metrics that snake has.

Snake counts always, whatever the configuration; a request costs half a microsecond of it. The
figures are those of all workers, added up. They survive the death of a worker, and go on through a
reload.

```caddyfile
http://localhost:9180 {
	metrics /metrics
}
```

They are there at `/metrics` of the [admin API](admin-api.md), or wherever the directive
[`metrics`](directives.md#metrics) is; as OpenMetrics for those who ask for that. The global option
`metrics` with `otlp` sends them to a collector of OpenTelemetry as well, under the same names.
[examples/grafana](../examples/grafana/README.md) has a dashboard and a configuration for
Prometheus. For a look without either there is [`snake top`](status.md).

Labels have values of the configuration, never of requests: nobody can make more series by asking.
(With `per_host` and `observe_catchall_hosts`, Caddy's metrics have hosts of requests, at most
10,000.)

- A **site** is the routes of a server with the same hosts, named by these as they are written; what
  is for every host is a site as well, named by the addresses of the server. Of more than three
  hosts the first two are in the name.
- An **app** is named as `module:attribute` with its `working_dir`, both as they are written,
  and by the `place` where it runs: one that two handlers have run in both is told apart. All apps
  that placeholders choose by one handler are one.
- The **status** of a request is its class, as in `2xx`; `none` has one that was cut off before its
  response.
- Connections that became WebSockets or tunnels count as requests (`1xx`), but not in the durations.
"""

QUESTIONS = {
    "How many requests a second?": "sum by (site) (rate(snake_site_requests_total[1m]))",
    "How many of them fail?": 'sum(rate(snake_site_requests_total{status="5xx"}[5m]))'
    " / sum(rate(snake_site_requests_total[5m]))",
    "How slow are the slowest of a hundred?": "histogram_quantile(0.99, sum by (le, site) "
    "(rate(snake_site_request_duration_seconds_bucket[5m])))",
    "Does a WSGI app want more threads or workers?": "histogram_quantile(0.95, sum by (le, app) "
    "(rate(snake_app_queue_wait_seconds_bucket[5m])))",
    "Does an app block its event loop?": "histogram_quantile(0.99, sum by (le, worker) "
    "(rate(snake_worker_event_loop_lag_seconds_bucket[5m])))",
    "Do workers die?": 'sum by (cause) (increase(snake_worker_starts_total{cause!="loaded"}[1h]))',
    "Are log lines lost?": "increase(snake_log_lines_lost_total[1h]) > 0",
    "Has the last reload failed?": "caddy_config_last_reload_successful == 0",
    "Which certificate is late to be renewed?": "time() - "
    "snake_certificate_renewal_timestamp_seconds > 86400",
}
"""What one asks of Prometheus."""

GROUPS = {
    "Sites": ("snake_site_",),
    "Apps": ("snake_app_",),
    "Pools": ("snake_pool_",),
    "Workers": ("snake_worker", "snake_build", "snake_start"),
    "Reloads": ("snake_reload_", "caddy_config_"),
    "Certificates": ("snake_certificate",),
    "Logs": ("snake_log_",),
    "Caddy's metrics of requests": ("caddy_http_", "caddy_reverse_proxy_"),
    "The admin API": ("caddy_admin_",),
    "Processes": ("process_",),
}
NOTES = {
    "Apps": "An error is what the app raised, or what kept it from answering; "
    "a response of its own that says 500 is not, but has the status `5xx`.",
    "Workers": "Processes are started for a `cause`: a configuration was `loaded`; the one before "
    "has `died`, was `silent` (its event loop hung) or `worn_out` (`max_requests`, `max_memory`); "
    "the app's code has `changed` (`autoreload`). A start that `failed` came to nothing.",
    "Pools": "Of apps that run in [processes of their own](python/processes.md).",
    "Certificates": "At most 1000 have series: those that need attention first.",
    "Logs": "Counted once a second; there are none as long as nothing is lost. The `writer` is the "
    "path of a file, or `stdout`, or `stderr`. What a socket does not take goes to stderr.",
    "Caddy's metrics of requests": "They are there with the global option "
    "[`metrics`](directives.md#metrics-1); `host` only with `per_host`.",
    "The admin API": "They are there when the admin API is asked.",
    "Processes": "Those of all workers, added up; on Linux. The CPU time goes on through reloads, "
    "and is counted once a second; all else is of the processes of now, as the start, that of the "
    "oldest.",
}


def render() -> str:
    """Return the whole page."""
    found = known()
    questions = (f"| {each} | `{query}` |" for each, query in QUESTIONS.items())
    return "\n".join(
        [OPENING, *_groups(found), "## Questions\n", "| | |\n|---|---|", *questions, ""]
    )


def known() -> list[Metric]:
    """Return every metric that there is."""
    return metrics(_everything())


def _groups(found: Sequence[Metric]) -> Iterator[str]:
    for title, prefixes in GROUPS.items():
        yield f"## {title}\n"
        if title in NOTES:
            yield f"{NOTES[title]}\n"
        yield "| metric | type | labels | |\n|---|---|---|---|"
        for metric in found:
            if metric.name.startswith(prefixes):
                yield _row(metric)
        yield ""


def _row(metric: Metric) -> str:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    labels = {label for sample in metric.samples for label in sample.labels} - {"le"}
    told = ", ".join(f"`{label}`" for label in sorted(labels))
    return f"| `{name}` | {metric.type} | {told} | {metric.documentation} |"


def _everything() -> Known:
    """Return something of all that can be known."""
    server = ("srv0", "example.com")
    app = ("main:app", "")
    sizes: dict[Key, int] = {
        (sites.SITE, *server): sites.SITE_DURATION.end,
        (apps.APP, *app, apps.IN_POOL): apps.APP_WAIT.end,
        (apps.POOL, *app): apps.POOL_WAIT.end,
        (apps.LOOP, "0"): apps.LOOP_LAG.end,
        (logs.LOST, "stderr"): 1,
        (apps.CPU,): 1,
        (requests.ROUTE, "srv0", "subroute", None): 3,
        (requests.ANSWER, "srv0", "subroute", None, "200", "GET"): requests.HISTOGRAMS[-1].end,
    }
    totals = {key: [1.0] * size for key, size in sizes.items()}
    worker = parts.Worker(0, 1, "serving", 1.0, parts.Resources(1, 1.0))
    written = (*app, "pool", "", "", "", 1, (1,))
    pool = parts.Pool(1, (1,), tenants={"a": (1,)})
    report = parts.Report(
        version="",
        python="",
        pid=1,
        started=0.0,
        uptime=1.0,
        configuration=parts.Configuration(
            "", 0.0, 1, 1, parts.Reload(0.0, ok=True, error="", seconds=1.0)
        ),
        generations=(parts.Generation("serving", "", (worker,)),),
        starts=(parts.Starts("died", 1, worker=0), parts.Starts("died", 1, app=app[0])),
        apps=(parts.App(*written, pool=pool), parts.App(*written, dynamic=True, pool=pool)),
        listeners=(),
        certificates=(
            parts.Certificate("a.com", "", managed=True, not_before=0, not_after=1, renews=1),
        ),
        certificates_total=1,
    )
    counts = Counts()
    counts.requests["/config/", "GET", 200] = 1
    counts.errors["/config/", "GET"] = 1
    upstreams = {"127.0.0.1:80": bool}
    more = tuple(families(counts))
    return Known(totals, [os.getpid()], report, upstreams=upstreams, more=more)


if __name__ == "__main__":
    PAGE.write_text(render())
