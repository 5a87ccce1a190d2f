"""`snake run`."""

from __future__ import annotations

import logging

import click

from snake.cli.environment import load_files, print_all
from snake.cli.serving import reader, serve
from snake.cli.values import ADAPTER, FILE
from snake.engine.again import Source
from snake.engine.autosave import autosave_file
from snake.engine.herald import Ready

logger = logging.getLogger("snake")


@click.command("run")
@click.option("-c", "--config", type=FILE, metavar="FILE", help="The configuration; - is stdin.")
@click.option(
    "-a", "--adapter", type=ADAPTER, metavar="NAME", help="What the file is: caddyfile or json."
)
@click.option(
    "--envfile", "envfiles", multiple=True, type=FILE, metavar="FILE", help="NAME=VALUE lines."
)
@click.option("-e", "--environ", is_flag=True, help="Print the environment first.")
@click.option("-r", "--resume", is_flag=True, help="Go on with the configuration that ran last.")
@click.option("-w", "--watch", is_flag=True, help="Load the file anew whenever it changes.")
@click.option("--pidfile", type=FILE, metavar="FILE", help="Where to write the process ID.")
@click.option(
    "--pingback", metavar="HOST:PORT", help="Send there what stdin has, once all is well."
)
def command(  # noqa: PLR0913, PLR0917  (as many as Caddy's command has)
    config: str | None,
    adapter: str | None,
    envfiles: tuple[str, ...],
    environ: bool,  # noqa: FBT001  (click passes it by name)
    resume: bool,  # noqa: FBT001  (as above)
    watch: bool,  # noqa: FBT001  (as above)
    pidfile: str | None,
    pingback: str | None,
) -> int:
    """Start the server and stay until it is stopped.

    Without --config it takes the file Caddyfile of the current folder. SIGINT
    and SIGTERM let requests finish first; a second one does not. SIGUSR1 reads
    the file again, and so does a change of it with --watch.

    With --resume it runs the configuration that ran last, with all that the
    admin API has changed in it; without one it does as if that were not there.
    """
    load_files(envfiles)
    if environ:
        print_all()

    saved = _saved(config) if resume else None
    if saved is not None:
        config, adapter = saved, "json"
    source = Source.of(config, adapter) if saved is None else None
    if watch and source is None:
        raise click.UsageError("--watch needs a configuration that is in a file")
    ready = _pinging(pingback, config) if pingback else None
    reading = reader()
    reading.ask(config, adapter)
    return serve(reading.result, pidfile, source, source if watch else None, ready)


def _pinging(address: str, config: str | None) -> Ready:
    """Return what confirms to an address that the server serves."""
    import sys  # noqa: PLC0415  (seldom needed)

    from snake.cli.pingback import LARGEST, confirm  # noqa: PLC0415

    if config == "-":
        raise click.UsageError("--pingback and --config - both read stdin")
    token = sys.stdin.buffer.read(LARGEST)
    return lambda _: confirm(address, token)


def _saved(config: str | None) -> str | None:
    """Return the file of the configuration that ran last; `None` if there is none."""
    from snake.logs.app import default_logs  # noqa: PLC0415  (else it is loaded later)

    default_logs().install()
    path = autosave_file()
    if not path.is_file():
        fields = {"autosave_file": str(path)}
        logger.info("no autosave file exists; nothing to resume", extra={"fields": fields})
        return None
    if config is not None:
        logger.warning(
            "--config and --resume were given together: the last configuration is resumed, "
            "and the file is not read",
            extra={"fields": {"file": config, "autosave_file": str(path)}},
        )
    return str(path)
