"""Provider: what makes spans, and has them sent.

Spans wait in a queue of bounded length, and a thread sends them; a request never waits
for that. What the queue has no room for, as when no collector answers, is dropped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from snake import __version__
from snake.core.modules import Context
from snake.telemetry.exporters import exporter, missing, resource
from snake.telemetry.sending import heard, last_chance

if TYPE_CHECKING:
    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer


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
        raise missing(ctx, "tracing") from None
    except ValueError as error:
        raise ctx.fail(f"OTEL_PROPAGATORS: {error}") from None
    return propagate.get_global_textmap()


def _provider(ctx: Context) -> TracerProvider:
    try:
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise missing(ctx, "tracing") from None
    sends = exporter(ctx, "traces")
    provider = TracerProvider(resource=resource(), shutdown_on_exit=False)
    if sends is not None:
        provider.add_span_processor(BatchSpanProcessor(sends))
    return provider


@asynccontextmanager
async def _open(provider: TracerProvider) -> AsyncIterator[TracerProvider]:
    """Close the provider at the end, when what waits has been sent, or there is no time left."""
    with heard():
        yield provider
        await last_chance(provider.shutdown)
