"""Preload: loads the apps of a document before there are workers, which then share their memory."""

from __future__ import annotations

import gc
import logging
import threading

from snake.app.startup import load
from snake.config.document import Document
from snake.core.errors import DocumentError
from snake.core.modules import decode
from snake.fork.channel import Failed
from snake.logs.app import default_logs
from snake.python.embedded import enter
from snake.python.plan import apps, embedded

logger = logging.getLogger("snake")


def load_apps(document: str) -> Failed | None:
    """Load what `preload on` stands at; return why that cannot be, if it cannot."""
    default_logs().install()
    for plan in embedded(apps(decode(document.encode(), Document))):
        if plan.placed.fields.preload != "on":
            continue
        try:
            enter(plan.placed.fields)
            load(plan.name)
        except DocumentError as error:
            return Failed(error.message, error.path or plan.path)
        if (others := threading.active_count() - 1) > 0:
            fields = {"app": plan.name, "threads": others}
            logger.warning(
                "the app started threads while it was imported; its workers will not have them",
                extra={"fields": fields},
            )
    gc.freeze()
    return None
