"""metrics: answer with what has been measured, for Prometheus.

Syntax::

    metrics [<matcher>] {
        disable_openmetrics
    }

With `disable_openmetrics`, the answer is never in the OpenMetrics format.

Requests are counted where the global option `metrics` is given; without it,
there is only what is known of the processes. The figures are those of all workers, added up.
"""

from __future__ import annotations

import gzip
import time

from snake.core.thread import in_thread
from snake.http.accept_encoding import accepted_encodings
from snake.metrics.figures import Figures
from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerModule,
    Header,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    respond,
    subdirectives,
)


class Metrics(HandlerModule):
    """The JSON of `http.handlers.metrics`."""

    id = "http.handlers.metrics"

    disable_openmetrics: bool = False

    async def provision(self, ctx: Context) -> Handler:
        """Find the figures."""
        # Only here: to adapt a Caddyfile needs no library of Prometheus.
        from snake.metrics.exposition import OPENMETRICS, TEXT, expose  # noqa: PLC0415

        figures = ctx.service(Figures) or ctx.shared(Figures)
        loaded = time.time()

        async def metrics(request: Request, send: Send, next: Next) -> None:
            del next
            open_metrics = not self.disable_openmetrics and _asks_for_openmetrics(request)
            text = await in_thread(lambda: expose(figures, loaded, open_metrics=open_metrics))
            headers: list[Header] = [
                (b"content-type", (OPENMETRICS if open_metrics else TEXT).encode())
            ]
            if "gzip" in accepted_encodings(request, ("gzip",)):
                text = gzip.compress(text, 6)
                headers.append((b"content-encoding", b"gzip"))
            await respond(send, 200, headers, text)

        return metrics


def _asks_for_openmetrics(request: Request) -> bool:
    """Whether OpenMetrics is among the first choices of the Accept field."""
    wanted: dict[str, float] = {}
    for part in ",".join(request.header_values(b"accept")).split(","):
        type, *parameters = (word.strip() for word in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            wanted[type.lower()] = max(float(weight), wanted.get(type.lower(), 0))
        except ValueError:
            continue
    return wanted.get("application/openmetrics-text", 0) > wanted.get("text/plain", 0)


def parse(line: Segment, scope: Scope) -> Metrics:
    """Read a `metrics` line."""
    del scope
    line.flag()
    found = [words.name for words in subdirectives(line, ("disable_openmetrics",))]
    return Metrics(disable_openmetrics=bool(found))


directive = Directive("metrics", parse)
