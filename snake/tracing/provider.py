"""Provider: where spans go to, by the variables of the environment that OpenTelemetry has for it.

Spans wait in a queue of bounded length, and a thread sends them; a request never waits
for that. What the queue has no room for, as when no collector answers, is dropped.

Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING

from snake import __version__
from snake.core.modules import Context

if TYPE_CHECKING:
    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

log = logging.getLogger("snake.http.handlers.tracing")

INSTALL = 'pip install "snake-server[tracing]"'
INSTALL_GRPC = "pip install opentelemetry-exporter-otlp-proto-grpc"
CLOSING = 5.0
"""Seconds that the last spans have to be sent at the end."""
SILENCE = 60.0
"""Seconds between two complaints about the same thing."""

_EXPORTERS = {
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "grpc": "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
}


class Tracers:
    """What all `tracing` directives of a configuration have in common; made for the first one."""

    def __init__(self) -> None:
        self._provider: TracerProvider | None = None

    async def tracer(self, ctx: Context) -> Tracer:
        """Return what makes spans. Raises `ConfigError` when they could not be sent."""
        if self._provider is None:
            self._provider = await ctx.enter(_open(_provider(ctx)))
        return self._provider.get_tracer("snake.http", __version__)


def propagator(ctx: Context) -> TextMapPropagator:
    """Return what reads and writes trace headers. Raises `ConfigError`."""
    try:
        from opentelemetry import propagate  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ctx.fail(f"tracing needs the packages of OpenTelemetry: {INSTALL}") from None
    except ValueError as error:
        raise ctx.fail(f"OTEL_PROPAGATORS: {error}") from None
    return propagate.get_global_textmap()


def _provider(ctx: Context) -> TracerProvider:
    try:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise ctx.fail(f"tracing needs the packages of OpenTelemetry: {INSTALL}") from None
    exporter = _exporter(ctx)
    resource = Resource.create({"webengine.name": "snake", "webengine.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if exporter is not None:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _exporter(ctx: Context) -> SpanExporter | None:
    kind = os.environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    if kind == "none":
        return None
    if kind == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter  # noqa: PLC0415

        return ConsoleSpanExporter()
    if kind != "otlp":
        raise ctx.fail(f"OTEL_TRACES_EXPORTER is {kind!r}: it can be otlp, console or none")
    protocol = (
        os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "").strip()
        or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "").strip()
        or "http/protobuf"
    )
    if protocol not in _EXPORTERS:
        known = " or ".join(_EXPORTERS)
        raise ctx.fail(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: it can be {known}")
    try:
        exporters = import_module(_EXPORTERS[protocol])
    except ImportError:
        needed = INSTALL_GRPC if protocol == "grpc" else INSTALL
        raise ctx.fail(f"spans cannot be sent by {protocol}: {needed}") from None
    try:
        exporter: SpanExporter = exporters.OTLPSpanExporter()
    except (ValueError, OSError) as error:
        raise ctx.fail(f"the exporter of spans: {error}") from None
    return exporter


@asynccontextmanager
async def _open(provider: TracerProvider) -> AsyncIterator[TracerProvider]:
    """Close the provider at the end, when what waits has been sent, or there is no time left."""
    complaints = _Complaints()
    loggers = [logging.getLogger(name) for name in ("opentelemetry.exporter", "opentelemetry.sdk")]
    for logger in loggers:
        logger.addHandler(complaints)
    try:
        yield provider
    finally:
        await _shut(provider)
        for logger in loggers:
            logger.removeHandler(complaints)


async def _shut(provider: TracerProvider) -> None:
    """Send what waits, for a while; in a thread that keeps nobody from ending."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def shut() -> None:
        provider.shutdown()
        with suppress(RuntimeError):  # the loop is closed: it took too long
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=shut, name="last spans", daemon=True).start()
    with suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), CLOSING)


class _Complaints(logging.Handler):
    """Puts what the exporter says into our log: once in a while, not for each batch of spans."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Log a complaint unless the same was made just now."""
        now = monotonic()
        if now - self._told.get(str(record.msg), -SILENCE) < SILENCE:
            return
        self._told[str(record.msg)] = now
        log.log(record.levelno, "%s", record.getMessage())
