"""`snake schema`."""

from __future__ import annotations

import json

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a configuration.

    Save it beside caddy.json and name it there as "$schema" in your editor's settings: the
    editor then completes names and shows what is wrong.
    """
    from snake.config.document import Document  # noqa: PLC0415  (the help needs none of it)
    from snake.config.fields import descriptions  # noqa: PLC0415
    from snake.core.schema import json_schema  # noqa: PLC0415
    from snake.engine.warm import registry  # noqa: PLC0415

    schema = json_schema(Document, registry(), descriptions())
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False))
