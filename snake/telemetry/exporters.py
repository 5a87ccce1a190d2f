"""Exporters: what sends spans or figures, by the variables that OpenTelemetry has for it.

Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from snake import __version__
from snake.core.errors import ConfigError
from snake.core.modules import Context

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

Signal = Literal["traces", "metrics"]

INSTALL = 'pip install "snake-server[tracing]"'
_INSTALL_GRPC = "pip install opentelemetry-exporter-otlp-proto-grpc"
_PROTOCOLS = {"http/protobuf": "http", "grpc": "grpc"}
_CLASSES = {
    "traces": ("trace_exporter:OTLPSpanExporter", "trace.export:ConsoleSpanExporter"),
    "metrics": ("metric_exporter:OTLPMetricExporter", "metrics.export:ConsoleMetricExporter"),
}


def missing(ctx: Context, what: str) -> ConfigError:
    """Return the error for packages that are not installed."""
    return ctx.fail(f"{what} needs the packages of OpenTelemetry: {INSTALL}")


def exporter(ctx: Context, signal: Signal) -> Any:  # noqa: ANN401
    """Return the exporter of a signal; `None` if nothing is to be sent. Raises `ConfigError`."""
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    kind = os.environ.get(variable, "").strip() or "otlp"
    of_otlp, of_console = _CLASSES[signal]
    if kind == "none":
        return None
    if kind == "console":
        return _made(ctx, f"opentelemetry.sdk.{of_console}", INSTALL)
    if kind != "otlp":
        raise ctx.fail(f"{variable} is {kind!r}: it can be otlp, console or none")
    protocol = (
        os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "").strip()
        or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "").strip()
        or "http/protobuf"
    )
    if protocol not in _PROTOCOLS:
        known = " or ".join(_PROTOCOLS)
        raise ctx.fail(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: it can be {known}")
    package = f"opentelemetry.exporter.otlp.proto.{_PROTOCOLS[protocol]}"
    return _made(ctx, f"{package}.{of_otlp}", _INSTALL_GRPC if protocol == "grpc" else INSTALL)


def _made(ctx: Context, path: str, install: str) -> Any:  # noqa: ANN401
    module, _, name = path.partition(":")
    try:
        return getattr(import_module(module), name)()
    except ImportError:
        raise ctx.fail(f"{name} is not installed: {install}") from None
    except (ValueError, OSError) as error:
        raise ctx.fail(f"{name}: {error}") from None


def resource() -> Resource:
    """Return who sends: this server, and what the environment says of it."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  (an extra)

    return Resource.create({"webengine.name": "snake", "webengine.version": __version__})
