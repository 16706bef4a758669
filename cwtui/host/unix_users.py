"""The Unix users of this host, as the system's user database says."""

import grp
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cwtui.accounts.unix_users import UnixUser
from cwtui.host.untrusted_files import read_regular

_NSSWITCH: Final = Path("/etc/nsswitch.conf")
_LISTED: Final = {"files", "systemd", "compat"}
"""Sources that list all their users (nsswitch.conf(5)); directories usually do not."""
_MOST: Final = 1 << 16


def all_names() -> frozenset[str] | None:
    """Return the names of all Unix users; None if some of them may not be listed."""
    try:
        content = read_regular(_NSSWITCH, _MOST).decode("ascii", "replace")
    except OSError:
        return None
    rules = [line.partition("#")[0].split() for line in content.splitlines()]
    sources = [rule[1:] for rule in rules if rule[:1] == ["passwd:"]]
    if len(sources) != 1 or not set(sources[0]) <= _LISTED:
        return None
    return frozenset(user.pw_name for user in pwd.getpwall())


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
