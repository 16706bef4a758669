"""What to do about a file or folder of another Unix user."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from cwtui import hints
from cwtui.language import _


def of_another(path: Path, uid: int) -> str:
    """Return that this path belongs to another user, and what to do."""
    ours = os.geteuid()
    if ours == 0 and not (path.is_file() and path.parent.stat().st_uid == ours):
        # The owner could not use files that root wrote, and nobody could sign in any more.
        return _become(path, uid)
    if uid == 0:  # copied there by root, who must not run cwtui on this store
        return _(
            "{problem} Change the owner, as root: chown {uid} {path}",
            problem=_problem(path, uid),
            uid=ours,
            path=path,
        )
    return _(
        "{problem} Run cwtui as that user, or change the owner: chown {uid} {path}",
        problem=_problem(path, uid),
        uid=ours,
        path=path,
    )


def where_denied(path: Path) -> str:
    """Return what to do where this user has no permission to use this path."""
    for folder in (path, *path.absolute().parents):
        with suppress(OSError):
            found = folder.stat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid not in {0, os.geteuid()}:
                return _become(folder, found.st_uid)
            break
    return _("The Unix user {name} needs access to it.", name=_name(os.geteuid()))


def _become(path: Path, uid: int) -> str:
    return _(
        "{problem} Run cwtui as that user: {command} ...",
        problem=_problem(path, uid),
        command=f"{hints.becoming(uid)} {hints.as_called()}",
    )


def _problem(path: Path, uid: int) -> str:
    return _("{path} belongs to another user (uid {uid}).", path=path, uid=uid)


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
