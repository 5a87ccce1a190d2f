"""`snake run`."""

from __future__ import annotations

import click

from snake.cli.environment import load_files, print_all
from snake.cli.serving import reader, serve
from snake.engine.again import Source
from snake.engine.herald import Ready


@click.command("run")
@click.option("-c", "--config", metavar="FILE", help="The configuration; - is stdin.")
@click.option("-a", "--adapter", metavar="NAME", help="What the file is: caddyfile or json.")
@click.option("--envfile", "envfiles", multiple=True, metavar="FILE", help="NAME=VALUE lines.")
@click.option("-e", "--environ", is_flag=True, help="Print the environment first.")
@click.option("-w", "--watch", is_flag=True, help="Load the file anew whenever it changes.")
@click.option("--pidfile", metavar="FILE", help="Where to write the process ID.")
@click.option(
    "--pingback", metavar="HOST:PORT", help="Send there what stdin has, once all is well."
)
def command(  # noqa: PLR0913, PLR0917  (as many as Caddy's command has)
    config: str | None,
    adapter: str | None,
    envfiles: tuple[str, ...],
    environ: bool,  # noqa: FBT001  (click passes it by name)
    watch: bool,  # noqa: FBT001  (as above)
    pidfile: str | None,
    pingback: str | None,
) -> int:
    """Start the server and stay until it is stopped.

    Without --config it takes the file Caddyfile of the current folder. SIGINT
    and SIGTERM let requests finish first; a second one does not. SIGUSR1 reads
    the file again, and so does a change of it with --watch.
    """
    load_files(envfiles)
    if environ:
        print_all()

    source = Source.of(config, adapter)
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
