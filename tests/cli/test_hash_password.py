"""`snake hash-password`."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import argon2
import bcrypt
import pytest

from snake.cli.main import main
from tests.server import environment, run

Captured = pytest.CaptureFixture[str]
CHEAP = ("--bcrypt-cost", "4")


def test_bcrypt_is_what_caddy_writes(capsys: Captured) -> None:
    """The form is $2a$ with the cost, and the hash is that of the password."""
    assert main(["hash-password", "-p", "Pässwort", *CHEAP]) == 0

    hashed = capsys.readouterr().out.strip()
    assert hashed.startswith("$2a$04$")
    assert bcrypt.checkpw("Pässwort".encode(), hashed.encode())


def test_argon2id_has_caddys_parameters(capsys: Captured) -> None:
    """Memory, rounds, threads and length are Caddy's when nothing is said, and can be said."""
    settings = ("--argon2id-time=2", "--argon2id-memory=64", "--argon2id-threads=3")
    plain = ["hash-password", "-a", "argon2id", "-p", "x"]
    assert main(plain) == 0
    assert main([*plain, *settings, "--argon2id-keylen=16"]) == 0

    usual, own = capsys.readouterr().out.splitlines()
    assert usual.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert own.startswith("$argon2id$v=19$m=64,t=2,p=3$")
    assert argon2.extract_parameters(own).hash_len == 16
    assert argon2.PasswordHasher().verify(usual, "x")
    assert argon2.PasswordHasher().verify(own, "x")


@pytest.mark.parametrize("given", ["pass\n", "pass", "pass\r\nmore\n"])
def test_password_is_the_first_line_of_stdin(tmp_path: Path, given: str) -> None:
    """A line break at its end is not of it, and what follows is not read."""
    done = run("hash-password", *CHEAP, folder=tmp_path, input=given)

    assert bcrypt.checkpw(b"pass", done.stdout.strip().encode())


def typed(folder: Path, *lines: str) -> tuple[str, str, int]:
    """Type lines at a terminal; return what the terminal shows, stdout, and the exit code."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "snake", "hash-password", *CHEAP],
        cwd=folder,
        env=environment(folder),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = ""
        for prompt, line in zip(("Enter password: ", "Confirm password: "), lines, strict=False):
            while not shown.endswith(prompt):
                shown += os.read(ours, 1024).decode()
            os.write(ours, line.encode())
        assert process.stdout
        output = process.stdout.read().decode()
        shown += os.read(ours, 1024).decode()
        os.close(ours)
        return shown, output, process.wait()


def test_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    """The prompts stand on the terminal, and only the hash on stdout."""
    shown, output, code = typed(tmp_path, "secret\n", "secret\n")

    assert bcrypt.checkpw(b"secret", output.strip().encode())
    assert "secret" not in shown
    assert code == 0


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("one\n", "other\n"), "the two passwords are not the same"),
        (("\x04",), "the password is empty"),
    ],
)
def test_terminal_takes_no_half_of_it(tmp_path: Path, lines: list[str], message: str) -> None:
    """A second password that is another is refused; so is an end instead of one."""
    shown, output, code = typed(tmp_path, *lines)

    assert message in shown
    assert (output, code) == ("", 1)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("-p x -a scrypt", "expected one of bcrypt, argon2id; got 'scrypt'; did you mean"),
        ("-p x --bcrypt-cost 3", "3 is not in the range 4<=x<=31"),
        ("-p x --bcrypt-cost y", "'y' is not a valid integer"),
        ("-p x --argon2id-threads 256", "256 is not in the range 1<=x<=255"),
        ("-p x --argon2id-time 0", "0 is not in the range"),
        ("-p x --argon2id-keylen 3", "3 is not in the range"),
        ("-p x -a argon2id --argon2id-memory 8 --argon2id-threads 2", "2 threads need 8 KiB each"),
        (f"-p {'x' * 73}", "bcrypt takes 72 bytes, and the password has 73; use --algorithm"),
    ],
)
def test_what_cannot_be_hashed_is_told(args: str, message: str, capsys: Captured) -> None:
    """Where Caddy panics, or takes another cost, there is a message."""
    assert main(["hash-password", *args.split()]) == 1
    assert message in capsys.readouterr().err
