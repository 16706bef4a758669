"""Give a file that was prepared under another name its own, which must be free."""

import errno
import os
from pathlib import Path
from typing import Final

from cwtui.accounts.errors import AlreadyExists
from cwtui.host.files import cannot, discard, sync_folder
from cwtui.language import _

_WITHOUT_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)
"""File systems without hard links, such as FAT, answer with these."""


def check_free(path: Path) -> None:
    """Raise AlreadyExists if there is something, even a link that leads nowhere."""
    if os.path.lexists(path):
        raise _taken(path)


def name_new(temporary: Path, path: Path) -> None:
    """Rename the prepared file durably, without replacing anything.

    Raises AlreadyExists and CannotCheck; then the prepared file is gone.
    """
    try:
        # Unlike a rename, it fails if somebody has just taken the name.
        os.link(temporary, path)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS:
            raise cannot("write", path, error) from None
        check_free(path)
        _rename(temporary, path)
    finally:
        discard(temporary)
    sync_folder(path.parent)


def _rename(temporary: Path, path: Path) -> None:
    try:
        temporary.rename(path)
    except OSError as error:
        raise cannot("write", path, error) from None


def _taken(path: Path) -> AlreadyExists:
    return AlreadyExists(_("{path} already exists. Choose another name.", path=path))
