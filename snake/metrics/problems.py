"""Problems: what in a report a person has to know of."""

from __future__ import annotations

from collections.abc import Iterator

from snake.metrics.report import Certificate, Report


def problems(report: Report) -> Iterator[str]:
    """Yield what is wrong, in words for a person. Nothing is said twice. It may have lines."""
    reload = report.configuration.last_reload
    if reload is not None and not reload.ok:
        yield f"the last reload failed: {reload.error}"
    workers = report.generations[0].workers if report.generations else ()
    for worker in workers:
        if worker.pid is None:
            yield f"worker {worker.worker} has no process"
    for app in report.apps:
        if app.pool is not None and not app.dynamic and len(app.pids) < app.processes:
            yield f"{app.name} has {len(app.pids)} of {app.processes} processes"
    now = report.started + report.uptime
    for log in report.logs:
        if now - log.last_lost < _RECENT:
            what = "log line was" if log.lines_lost == 1 else "log lines were"
            yield f"{log.writer}: {log.lines_lost} {what} lost"
    for certificate in report.certificates:
        if fault := _fault(certificate, now):
            yield f"{certificate.name}: {fault}"


_LINE = "\n"
_RECENT = 86_400.0
"""Seconds for which it is a problem that log lines were lost."""


def _fault(certificate: Certificate, now: float) -> str:
    """Return what is wrong with a certificate; nothing if all is well."""
    error = certificate.error.partition(_LINE)[0]
    if certificate.not_after is None:
        return f"no certificate: {error}" if error else "no certificate yet"
    if certificate.not_after <= now:
        return "the certificate has expired"
    return f"cannot renew the certificate: {error}" if error else ""
