"""Files that say whom to trust are written by root or by this user alone."""

import os
import stat
from pathlib import Path


def why_untrusted(path: Path) -> str | None:
    """How others could have written what the file says, and what would be right.

    None where only root and this user can: neither the file, nor a folder on the way to it, is
    another's or may be written by others. So does ssh with its own configuration (ssh_config(5)).
    """
    try:
        real = path.resolve()
        if not real.exists():  # the root of another process's namespace has no path of its own
            real = path.absolute()
        for one in dict.fromkeys([real, *path.absolute().parents, *real.parents]):
            found = one.stat()
            if found.st_uid not in {0, os.geteuid()}:
                return f"{one} belongs to another user. Check it, then run: chown root {one}"
            # In a sticky folder, such as /tmp, nobody replaces what is another's.
            is_sticky = one != real and found.st_mode & stat.S_ISVTX
            if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not is_sticky:
                return f"Others on this host can write {one}. Check it, then run: chmod go-w {one}"
    except OSError as error:
        return f"Cannot see who may write {path}: {(error.strerror or str(error)).lower()}."
    return None
