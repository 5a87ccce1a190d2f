"""Account: the user and the groups that an isolated app runs as."""

from __future__ import annotations

import os

from snake.core.errors import StartError
from snake.core.record import Record

try:
    import grp
    import pwd
except ImportError:  # Windows, where no app is isolated
    pass


class Account(Record):
    """Who an app is. All three are numbers of the system."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    home: str = "/"


def account(user: str, group: str = "") -> Account:
    """Look up a user and a group, by name or by number. Raises `StartError`.

    Without a group it is the user's own, with the further groups that the user is in; a
    number that belongs to no user stands for the group of that number as well.
    """
    uid, name, gid, home = _user(user)
    if group:
        return _allowed(Account(uid, _group(group), (), home), user)
    groups = tuple(os.getgrouplist(name, gid)) if name else ()
    return _allowed(Account(uid, gid, groups, home), user)


def owner(folder: str) -> str:
    """Return the number of the user whom a folder belongs to. Raises `StartError` for root."""
    uid = os.stat(folder).st_uid  # noqa: PTH116
    if uid == 0:
        raise StartError(
            f'isolation process: user owner, but the working_dir "{folder}" belongs to root; '
            f"give it to the app's user: chown -R <user> {folder}"
        )
    return str(uid)


def _allowed(found: Account, user: str) -> Account:
    if found.uid == 0:
        raise StartError(f'isolation process: user "{user}" is root, which is no isolation')
    if os.geteuid() == 0:
        return found
    if (found.uid, found.gid) == (os.geteuid(), os.getegid()):
        return found
    raise StartError(
        f'isolation process: an app can only run as user "{user}" when snake runs as root, '
        f"and it runs as user {os.geteuid()}"
    )


def _user(text: str) -> tuple[int, str, int, str]:
    try:
        entry = pwd.getpwuid(_number(text)) if text.isdecimal() else pwd.getpwnam(text)
    except (KeyError, ValueError):
        if text.isdecimal():
            return _number(text), "", _number(text), "/"
        raise StartError(f'isolation process: there is no user "{text}" here') from None
    return entry.pw_uid, entry.pw_name, entry.pw_gid, entry.pw_dir


def _group(text: str) -> int:
    if text.isdecimal():
        return _number(text)
    try:
        return grp.getgrnam(text).gr_gid
    except (KeyError, ValueError):
        raise StartError(f'isolation process: there is no group "{text}" here') from None


def _number(text: str) -> int:
    """Read a number of a user; the highest of 32 bits means nobody (setresuid(2))."""
    if len(text) > 10 or int(text) >= 2**32 - 1:  # noqa: PLR2004
        raise StartError(f"isolation process: {text} is no number of a user or a group")
    return int(text)
