"""`snake hash-password`."""

from __future__ import annotations

import sys

import click

from snake.cli.values import OneOf
from snake.core.errors import SnakeError

BCRYPT = "bcrypt"
LONGEST = 72
"""Bytes of a password that bcrypt looks at."""
_SALT = 16
"""Bytes of a salt for argon2id."""
_MOST = 2**32 - 1
_LEAST_MEMORY = 8
"""KiB for each thread: RFC 9106, 3.1."""


@click.command("hash-password")
@click.option("-p", "--plaintext", metavar="TEXT", help="The password; else it is asked for.")
@click.option(
    "-a",
    "--algorithm",
    type=OneOf([BCRYPT, "argon2id"]),
    metavar="NAME",
    default=BCRYPT,
    help="bcrypt, the default, or argon2id.",
)
@click.option(
    "--bcrypt-cost", type=click.IntRange(4, 31), default=14, metavar="N", help="4 to 31; 14."
)
@click.option(
    "--argon2id-time", type=click.IntRange(1, _MOST), default=1, metavar="N", help="Rounds; 1."
)
@click.option(
    "--argon2id-memory",
    type=click.IntRange(_LEAST_MEMORY, _MOST),
    default=47_104,
    metavar="KIB",
    help="Memory; 47104.",
)
@click.option(
    "--argon2id-threads", type=click.IntRange(1, 255), default=1, metavar="N", help="Threads; 1."
)
@click.option(
    "--argon2id-keylen", type=click.IntRange(4, 1024), default=32, metavar="N", help="Bytes; 32."
)
def command(  # noqa: PLR0913, PLR0917  (click passes options by name)
    plaintext: str | None,
    algorithm: str,
    bcrypt_cost: int,
    argon2id_time: int,
    argon2id_memory: int,
    argon2id_threads: int,
    argon2id_keylen: int,
) -> None:
    """Hash a password for basic_auth.

    It is asked for twice and not shown, or read from stdin: up to the first line
    break. With --plaintext it stands in the shell's history and in lists of processes.

    \b
    snake hash-password
    pass show site | snake hash-password -a argon2id
    """  # noqa: D301  (\b tells click to keep the lines)
    if algorithm == "argon2id" and argon2id_memory < _LEAST_MEMORY * argon2id_threads:
        raise SnakeError(f"--argon2id-memory: {argon2id_threads} threads need 8 KiB each")
    password = plaintext.encode("utf-8", "surrogateescape") if plaintext else _asked()
    if not password:
        raise SnakeError("the password is empty")
    if algorithm == BCRYPT:
        click.echo(_bcrypt(password, bcrypt_cost))
        return
    settings = (argon2id_time, argon2id_memory, argon2id_threads, argon2id_keylen)
    click.echo(_argon2id(password, *settings))


def _asked() -> bytes:
    """Ask at the terminal, or read from what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline().removesuffix(b"\n").removesuffix(b"\r")
    # It switches the echo off, and takes Ctrl-C for an end.
    from getpass import getpass  # noqa: PLC0415  (seldom needed)

    try:
        first = getpass("Enter password: ", sys.stderr)
        if first and getpass("Confirm password: ", sys.stderr) != first:
            raise SnakeError("the two passwords are not the same")
    except EOFError:
        return b""
    return first.encode("utf-8", "surrogateescape")


def _bcrypt(password: bytes, cost: int) -> str:
    if len(password) > LONGEST:
        raise SnakeError(
            f"bcrypt takes {LONGEST} bytes, and the password has {len(password)}; "
            "use --algorithm argon2id"
        )
    import bcrypt  # noqa: PLC0415  (the help needs it not)

    # The prefix that Caddy writes; what stands behind it is computed the same way.
    return bcrypt.hashpw(password, bcrypt.gensalt(cost, b"2a")).decode()


def _argon2id(password: bytes, time: int, memory: int, threads: int, length: int) -> str:
    from secrets import token_bytes  # noqa: PLC0415  (the help needs none of these)

    from argon2.exceptions import HashingError  # noqa: PLC0415
    from argon2.low_level import Type, hash_secret  # noqa: PLC0415

    try:
        return hash_secret(
            password, token_bytes(_SALT), time, memory, threads, length, Type.ID
        ).decode()
    except HashingError as error:
        raise SnakeError(f"argon2id: {error}") from None
