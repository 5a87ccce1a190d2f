"""`snake file-server`, and its `export-template`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from snake.cli.group import Group
from snake.cli.quick_document import LIMITS, Json, debug_option, document, run
from snake.cli.values import FOLDER
from snake.core.errors import SnakeError
from snake.core.network import AddressError, parse_address
from snake.core.suggest import suggestion

FILE_LIMIT = 10_000
PRECOMPRESSED = ("br", "gzip", "zstd")


@click.group("file-server", cls=Group, invoke_without_command=True)
@click.option(
    "-r", "--root", default="", type=FOLDER, metavar="FOLDER", help="The folder; the current one."
)
@click.option(
    "-l", "--listen", default="", metavar="ADDRESS", help="Where; :80, or :443 for a domain."
)
@click.option("-d", "--domain", default="", metavar="NAME", help="Serve it by HTTPS, on :443.")
@click.option("-b", "--browse", is_flag=True, help="List folders that have no index file.")
@click.option("-t", "--templates", is_flag=True, help="Render templates.")
@click.option(
    "-p", "--precompressed", multiple=True, metavar="NAMES", help="br, gzip, zstd: first is best."
)
@click.option(
    "-f",
    "--file-limit",
    default=FILE_LIMIT,
    type=click.IntRange(min=0),
    metavar="N",
    help="Names listed; 10000.",
)
@click.option("--no-compress", is_flag=True, help="Compress nothing.")
@click.option("--reveal-symlinks", is_flag=True, help="Tell in listings where links lead.")
@click.option("-a", "--access-log", is_flag=True, help="Log requests.")
@debug_option
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> int:  # noqa: ANN401
    """Serve the files of a folder.

    \b
    snake file-server -l :8080 --browse     this folder, with listings
    snake file-server -r public -d a.com    a site, with HTTPS

    Responses are compressed with zstd or gzip.
    """  # noqa: D301  (\b tells click to keep the lines)
    if ctx.invoked_subcommand is not None:
        return 0
    return run(made(**given))


@command.command("export-template", short_help="Print the template of listings.")
def export_template() -> None:
    """Print the template of listings, to be changed and given to `browse`.

    \b
    snake file-server export-template > listing.html
    """  # noqa: D301  (\b tells click to keep the lines)
    from snake.files.browse.page import standalone  # noqa: PLC0415  (slow, seldom needed)

    click.echo(standalone(), nl=False)


def made(**given: Any) -> Json:  # noqa: ANN401
    """Return the document of these flags. Raises `SnakeError`."""
    root = given["root"]
    if root and not Path(root).is_dir():
        raise SnakeError(f'--root takes a folder; there is none at "{root}"')
    listen = given["listen"] or (":443" if given["domain"] else ":80")
    try:
        parse_address(listen)
    except AddressError as error:
        raise SnakeError(f"--listen: {error}") from None
    route: Json = {"handle": list(_handlers(given))}
    if given["domain"]:
        route = {"match": [{"host": [given["domain"]]}]} | route
    server: Json = {"listen": [listen], **LIMITS, "routes": [route]}
    if given["access_log"]:
        server["logs"] = {}
    return document({"static": server}, debug=given["debug"])


def _handlers(given: dict[str, Any]) -> list[Json]:
    root = given["root"]
    files: Json = {"handler": "file_server"} | ({"root": root} if root else {})
    if given["browse"]:
        limits = {"reveal_symlinks": given["reveal_symlinks"], "file_limit": given["file_limit"]}
        files["browse"] = {name: value for name, value in limits.items() if value}
    if order := _precompressed(given["precompressed"]):
        files |= {"precompressed": {name: {} for name in order}, "precompressed_order": order}
    handlers: list[Json] = []
    if not given["no_compress"]:
        encodings: Json = {"gzip": {}, "zstd": {}}
        handlers.append({"handler": "encode", "encodings": encodings, "prefer": ["zstd", "gzip"]})
    if given["templates"]:
        handlers.append({"handler": "templates"} | ({"file_root": root} if root else {}))
    return [*handlers, files]


def _precompressed(given: tuple[str, ...]) -> list[str]:
    names = [name.strip() for text in given for name in text.split(",")]
    for name in names:
        if name not in PRECOMPRESSED:
            near = suggestion(name, PRECOMPRESSED)
            raise SnakeError(f'--precompressed takes br, gzip and zstd, got "{name}"{near}')
    return list(dict.fromkeys(names))
