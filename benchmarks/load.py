"""Load from wrk or hey: the same numbers from either."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

WRK_SCRIPT = Path(__file__).parent / "wrk.lua"


class LoadError(Exception):
    """The load tool failed."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the clients saw."""

    answers: int
    rate: float
    """Of these in a second."""
    mean: float
    """Milliseconds, as are the next two."""
    p50: float
    p99: float
    errors: int
    """Broken connections, timeouts, and answers that are no 2xx or 3xx."""


def wrk(url: str, connections: int, seconds: int, fields: Mapping[str, str]) -> Load:
    """Keep `connections` busy with one thread: it must not take the second core from the server."""
    options = ["--threads", "1", "--connections", str(connections), "--script", str(WRK_SCRIPT)]
    options += [f"-H{name}: {value}" for name, value in fields.items()]
    output = _run(["wrk", *options, "--duration", f"{seconds}s", "--timeout", "10s", url])
    result = json.loads(output.splitlines()[-1])
    return Load(
        answers=result["requests"],
        rate=result["requests"] / (result["duration"] / 1e6),
        mean=result["mean"] / 1e3,
        p50=result["p50"] / 1e3,
        p99=result["p99"] / 1e3,
        errors=result["failed"] + result["refused"],
    )


def hey(url: str, connections: int, seconds: int, fields: Mapping[str, str]) -> Load:
    """Keep `connections` busy, as Caddy Snake's own benchmark does."""
    options = [word for name, value in fields.items() for word in ("-H", f"{name}: {value}")]
    output = _run(["hey", "-c", str(connections), "-z", f"{seconds}s", *options, url])
    statuses = re.findall(r"\[(\d+)\]\s+(\d+) responses", output)
    broken = re.findall(r"^\s+\[(\d+)\]\t(?!\d+ responses)", output, re.MULTILINE)
    return Load(
        answers=sum(int(count) for _, count in statuses),
        rate=_number(r"Requests/sec:\s+([\d.]+)", output),
        mean=_number(r"Average:\s+([\d.]+)", output) * 1e3,
        p50=_number(r"50%+ in ([\d.]+)", output) * 1e3,
        p99=_number(r"99%+ in ([\d.]+)", output) * 1e3,
        errors=sum(int(count) for status, count in statuses if status[0] not in "23")
        + sum(map(int, broken)),
    )


def h2load(url: str, connections: int, streams: int, seconds: int) -> Load:
    """Keep `streams` requests of HTTP/2 under way on each of `connections`.

    It tells the mean of the times and none of their percentiles.
    """
    options = ["-c", str(connections), "-m", str(streams), "--duration", str(seconds)]
    output = _run(["h2load", "--threads", "1", *options, url])
    counts = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed", output)
    if counts is None:
        raise LoadError(f"h2load printed no counts: {output[-500:]}")
    answers, succeeded = int(counts[1]), int(counts[2])
    mean = re.search(r"time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", output)
    each = float(mean[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[mean[2]] if mean else 0.0
    return Load(
        answers=answers,
        rate=answers / seconds,
        mean=each,
        p50=each,
        p99=each,
        errors=answers - succeeded,
    )


TOOLS: dict[str, Callable[[str, int, int, Mapping[str, str]], Load]] = {"wrk": wrk, "hey": hey}


def installed() -> list[str]:
    """Return the load tools that are there, the preferred one first."""
    return [name for name in TOOLS if shutil.which(name)]


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadError(f"{command[0]}: {done.stderr or done.stdout}")
    return done.stdout


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise LoadError(f"hey printed no {pattern!r}")
    return float(found[1])
