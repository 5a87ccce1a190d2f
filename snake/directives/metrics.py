"""metrics: answer with what has been measured, for Prometheus.

Syntax::

    metrics [<matcher>] {
        disable_openmetrics
    }

With `disable_openmetrics`, the answer is never in the OpenMetrics format.

Caddy's metrics of requests are there where the global option `metrics` is given. Snake's own,
of sites, apps, pools, workers, reloads and certificates, always are: `docs/metrics.md` has all.
The figures are those of all workers, added up, and go on through a reload.
"""

from __future__ import annotations

import gzip
import time

from snake.core.thread import in_thread
from snake.http.accept_encoding import accepted_encodings
from snake.metrics.figures import Figures
from snake.metrics.inquiry import Inquiry
from snake.metrics.negotiation import content_type, preferred
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
        from snake.metrics.exposition import expose, known  # noqa: PLC0415

        figures = ctx.service(Figures) or ctx.shared(Figures)
        inquiry = ctx.service(Inquiry)
        loaded = time.time()

        async def metrics(request: Request, send: Send, next: Next) -> None:
            del next
            version = (
                ""
                if self.disable_openmetrics
                else preferred(",".join(request.header_values(b"accept")))
            )
            report = await inquiry.ask() if inquiry is not None else None
            text = await in_thread(
                lambda: expose(known(figures, report, loaded), open_metrics=bool(version))
            )
            headers: list[Header] = [(b"content-type", content_type(version).encode())]
            if "gzip" in accepted_encodings(request, ("gzip",)):
                text = gzip.compress(text, 6)
                headers.append((b"content-encoding", b"gzip"))
            await respond(send, 200, headers, text)

        return metrics


def parse(line: Segment, scope: Scope) -> Metrics:
    """Read a `metrics` line."""
    del scope
    line.flag()
    found = [words.name for words in subdirectives(line, ("disable_openmetrics",))]
    return Metrics(disable_openmetrics=bool(found))


directive = Directive("metrics", parse)
