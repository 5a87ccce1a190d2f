"""Parts of a path, as Go's packages path and path/filepath take them."""

from __future__ import annotations


def directory(path: str) -> str:
    """Return all up to the last slash, and with it."""
    return path[: path.rfind("/") + 1]


def file(path: str) -> str:
    """Return what is behind the last slash."""
    return path[path.rfind("/") + 1 :]


def stem(path: str) -> str:
    """Return the last segment, be it that of a folder, without its extension; `/` of the root."""
    base = file(path.rstrip("/")) or ("/" if path else ".")
    return base.removesuffix(extension(path))


def extension(path: str) -> str:
    """Return what is from the last dot on behind the last slash."""
    name = file(path)
    dot = name.rfind(".")
    return name[dot:] if dot >= 0 else ""


def segment(path: str, number: int) -> str:
    """Return the text between two slashes, counted from 0; nothing if there are not so many."""
    parts = path.removeprefix("/").split("/")
    return parts[number] if number < len(parts) else ""
