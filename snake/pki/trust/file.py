"""A root as a file, for tools that read one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snake.pki.trust.root import Root


@contextmanager
def as_file(root: Root) -> Iterator[str]:
    """Have the root in a file, as PEM, as long as this is open."""
    with tempfile.TemporaryDirectory(prefix="snake-") as folder:
        file = Path(folder, "root.pem")
        file.write_text(root.pem)
        yield str(file)
