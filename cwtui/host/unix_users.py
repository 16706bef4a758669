"""The Unix users of this host, as the system's user database says."""

import grp
import os
import pwd
from collections.abc import Callable
from pathlib import Path

from cwtui.accounts.unix_users import UnixUser


def find(name: str, store: Callable[[], Path]) -> UnixUser | None:
    """Return the Unix user with exactly this name. `store` returns the folder of the store."""
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None
    groups = frozenset(filter(None, map(_group, os.getgrouplist(name, found.pw_gid))))
    return UnixUser(found.pw_uid, groups, found.pw_uid == _owner(store()))


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""


def _owner(folder: Path) -> int | None:
    try:
        return folder.stat().st_uid
    except OSError:
        return None
