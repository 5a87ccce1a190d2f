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
        from snake.metrics.exposition import OPENMETRICS, TEXT, expose, known  # noqa: PLC0415

        figures = ctx.service(Figures) or ctx.shared(Figures)
        inquiry = ctx.service(Inquiry)
        loaded = time.time()

        async def metrics(request: Request, send: Send, next: Next) -> None:
            del next
            version = "" if self.disable_openmetrics else _openmetrics(request)
            report = await inquiry.ask() if inquiry is not None else None
            text = await in_thread(
                lambda: expose(known(figures, report, loaded), open_metrics=bool(version))
            )
            kind = OPENMETRICS.format(version) if version else TEXT
            headers: list[Header] = [(b"content-type", kind.encode())]
            if "gzip" in accepted_encodings(request, ("gzip",)):
                text = gzip.compress(text, 6)
                headers.append((b"content-encoding", b"gzip"))
            await respond(send, 200, headers, text)

        return metrics


def _openmetrics(request: Request) -> str:
    """Return the version of OpenMetrics that the client likes best; nothing if it likes the text.

    Source: `NegotiateIncludingOpenMetrics` of Prometheus' library for Go.
    """
    choices: list[tuple[float, str, str]] = []
    for part in ",".join(request.header_values(b"accept")).split(","):
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


def parse(line: Segment, scope: Scope) -> Metrics:
    """Read a `metrics` line."""
    del scope
    line.flag()
    found = [words.name for words in subdirectives(line, ("disable_openmetrics",))]
    return Metrics(disable_openmetrics=bool(found))


directive = Directive("metrics", parse)
