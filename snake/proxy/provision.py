"""provision: from the config of a proxy to its pool of backends, watched as it says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from snake.core.modules import Context
from snake.metrics.figures import Figures
from snake.metrics.shared import Shared
from snake.proxy.backend import Backend, Backends, DialAddressError, Hosts
from snake.proxy.balancing import LoadBalancing
from snake.proxy.contract import Transport
from snake.proxy.health import ActiveHealthChecks, HealthChecks
from snake.proxy.policies import load_policy
from snake.proxy.pool import Pool
from snake.proxy.source import Source
from snake.proxy.sources import SOURCES
from snake.proxy.upstream import Upstream


async def provision_pool(  # noqa: PLR0913  (the fields of one proxy)
    ctx: Context,
    transport: Transport,
    *,
    upstreams: Sequence[Upstream],
    dynamic: msgspec.Raw | None,
    balancing: LoadBalancing,
    health: HealthChecks,
) -> Pool:
    """Make the backends of a proxy, and begin to watch them; `ctx` is at the proxy.

    Raises `ConfigError`.
    """
    passive = health.passive
    figures = ctx.service(Figures)
    backends = Backends(
        ctx.shared(Hosts),
        max_requests=max(passive.unhealthy_request_count, 0) if passive else 0,
        max_fails=(passive.max_fails or 1) if passive else 0,
        figures=figures,
    )
    static = [
        _static(ctx.at("upstreams", index, "dial"), backends, each)
        for index, each in enumerate(upstreams)
    ]
    select = await load_policy(
        ctx.at("load_balancing", "selection_policy"), balancing.selection_policy
    )
    source: Source | None = None
    if dynamic is not None:
        offering = ctx.offering(Backends, backends).at("dynamic_upstreams")
        source = await offering.load(dynamic, namespace=SOURCES, key="source")
    if figures is not None:
        figures.upstreams.update({each.dial: partial(_is_healthy, each) for each in static})
    if health.active is not None:
        await _check(ctx.at("health_checks", "active"), health.active, transport, static)
    return Pool(static, select, source)


def _is_healthy(backend: Backend) -> bool:
    return backend.healthy


def _static(ctx: Context, backends: Backends, upstream: Upstream) -> Backend:
    try:
        return backends.make_lasting(upstream.dial, upstream.max_requests)
    except DialAddressError as error:
        raise ctx.fail(str(error)) from None


async def _check(
    ctx: Context,
    checks: ActiveHealthChecks,
    transport: Transport,
    backends: Sequence[Backend],
) -> None:
    """Check the health of backends as long as the config is there; one worker does so for all."""
    from snake.proxy.checker import Checker, is_enabled  # noqa: PLC0415  (few configs need it)
    from snake.proxy.probe import Probe, ProbeError  # noqa: PLC0415

    if not is_enabled(checks):
        return
    figures = ctx.service(Figures)
    if figures is not None:
        for index, backend in enumerate(backends):
            backend.judged_by(Shared(figures, ("health", ctx.path, str(index)), 1))
    try:
        probe = Probe(checks, transport)
    except ProbeError as error:
        raise ctx.at(error.field).fail(str(error)) from None
    if figures is None or figures.leads:
        await ctx.enter(Checker(checks, probe, backends))
