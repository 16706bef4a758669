"""Which commands of an SSH client a gate lets through: file transfers that cannot run others."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cwtui.accounts.errors import Refused
from cwtui.language import _

TRANSFERS: Final = ("rsync", "scp", "sftp")
"""What the setting gate.transfers may name."""
PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_SFTP_SERVERS: Final = (
    "internal-sftp",
    "/usr/lib/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/libexec/sftp-server",
)
"""How sshd names its sftp server, and where distributions have it."""
_LONGEST: Final = 8192
_SCP_FLAGS: Final = re.compile(r"-[prvdqC]*[tf][prvdqC]*|-[prvdqC]+")
"""The options of a server: copy to (-t) or from (-f) here. Others, such as -S, run programs."""
_RSYNC_FLAGS: Final = re.compile(
    r"-(?=.)[ACDEHIJKLNORSUWXbcdgklmnopqrtuvxyz]*(e[0-9.]*[a-zA-Z]*)?|-B\d+|--("
    r"sender|delete(-[a-z]+)?|ignore-[a-z-]+|existing|inplace|append|partial|delay-updates|mkpath|"
    r"numeric-ids|stats|force|size-only|safe-links|copy-links|copy-unsafe-links|copy-dirlinks|"
    r"remove-source-files|preallocate|fsync|open-noatime|list-only|msgs2stderr|super|from0|"
    r"files-from=-|log-format=(X|%o|%i(%I)?)|(info|debug)=[A-Z0-9,]+|no-[a-z-]+|"
    r"(compress-level|timeout|bwlimit|max-delete|max-size|min-size|modify-window)=\d+|"
    r"(checksum|compress)-choice=[\w,]+|skip-compress=[\w/.\[\]]*|suffix=[\w.~-]+|"
    r"(user|group)map=[\w.@$:,*-]+)"
)
"""Flags of an rsync server that neither run programs nor log to a file.

Not among them is -s, with which the client sends further flags where nobody checks them, and those
of one letter that take the next word: -M, -T, -f. After -e come letters of the protocol.
"""
_RSYNC_FOLDERS: Final = re.compile(
    r"--(backup-dir|compare-dest|copy-dest|link-dest|partial-dir|temp-dir)"
)
"""Flags with a folder as the next word. The client names any folder anyway, as source or target."""


def transfer(command: str, allowed: Sequence[str]) -> list[str]:
    """Return the program and arguments of an SSH client's command, to be run without a shell.

    Raises Refused unless it is one of the allowed transfers, as the clients of OpenSSH and rsync
    ask for them.
    """
    try:
        words = shlex.split(command) if len(command) <= _LONGEST else []
    except ValueError:
        words = []
    match words:
        case [server] if server in _SFTP_SERVERS and "sftp" in allowed:
            return [_sftp_server()]
        case ["scp", *rest] if "scp" in allowed and _is_scp_server(rest):
            return words
        case ["rsync", "--server", *rest] if "rsync" in allowed and _is_rsync_server(rest):
            return words
    names = " and ".join(name for name in TRANSFERS if name in allowed)
    raise Refused(
        _("This gate lets only {names} through.", names=names)
        if names
        else _("This gate runs no other command.")
    )


def _sftp_server() -> str:
    found = next((path for path in _SFTP_SERVERS[1:] if Path(path).exists()), None)
    if found is None:
        raise Refused(_("There is no sftp server on this host."))
    return found


def _is_scp_server(rest: Sequence[str]) -> bool:
    *flags, target = rest or [""]
    if flags and flags[-1] == "--":
        flags.pop()
    elif target.startswith("-"):
        return False
    is_server = any(flag[1:].strip("prvdqC") in {"t", "f"} for flag in flags)
    return is_server and all(_SCP_FLAGS.fullmatch(flag) for flag in flags)


def _is_rsync_server(rest: Sequence[str]) -> bool:
    words = iter(rest)
    for word in words:
        if word == ".":
            paths = [*words]
            return bool(paths) and not any(path.startswith("-") for path in paths)
        if _RSYNC_FOLDERS.fullmatch(word):
            if next(words, "-").startswith("-"):
                return False
        elif not _RSYNC_FLAGS.fullmatch(word):
            return False
    return False
