"""The files and folders of a store."""

import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from cwtui.accounts.errors import StoreMissing
from cwtui.accounts.text import visible
from cwtui.hints import again
from cwtui.host.files import cannot, exists
from cwtui.host.untrusted_files import read_regular
from cwtui.language import _

_AUDIT: Final = r"audit(-\d{6,})?\.jsonl|audit\.head"
_ACCOUNTS: Final = r"accounts(\.json|-\d{9}\.journal)"
_RESTORE: Final = ("restore", "store restore FILE")
_MARKER_MOST: Final = 1 << 14
_RECORDS: Final = r"sign-in/\d\d(\.json|-\d{9}\.journal)"


class Layout(NamedTuple):
    """The store's folder, and the paths in it. Backups use paths relative to it."""

    folder: Path

    @property
    def accounts(self) -> Path:
        return _accounts_in(self.folder)

    @property
    def records(self) -> Path:
        return self.folder / "sign-in"

    @property
    def audit(self) -> Path:
        return self.folder / "audit.jsonl"

    @property
    def sessions(self) -> Path:
        """The folder of the open sessions. It belongs to no backup."""
        return self.folder / "sessions"

    @property
    def marker(self) -> Path:
        """Exists while a restore or copy replaces files, when the store is partly old and new."""
        return self.folder / "restoring"

    def unfinished(self) -> str | None:
        """Return a sentence about a restore or copy that was interrupted; None if there is none.

        Raises CannotCheck.
        """
        if not exists(self.marker):
            return None
        lines: list[str] = []
        with suppress(OSError, UnicodeDecodeError):
            lines = read_regular(self.marker, _MARKER_MOST).decode().splitlines()
        is_copy = len(lines) == len(_RESTORE) and lines[0] == "copy"
        # Otherwise it is that of a restore, perhaps of an older version.
        name, command = lines if is_copy else _RESTORE
        return _(
            "A {name} of {folder} was interrupted, so the store is partly old and partly new. Run "
            "it again: {again}",
            name=name,
            folder=self.folder,
            again=visible(again(command.removeprefix("cwtui "))),
        )

    @property
    def staging(self) -> Path:
        """The folder where a restore unpacks files before it replaces the store's."""
        return self.folder / ".restoring"

    def is_there(self) -> bool:
        """Whether the folder is a store, which is so if it has the accounts file.

        Raises CannotCheck if that cannot be determined.
        """
        return exists(self.accounts)

    def check_is_there(self) -> None:
        """Raise StoreMissing unless the folder is a store."""
        if not self.is_there():
            raise StoreMissing(
                _(
                    "There is no store in {folder}: {name} is missing. If the store is on another "
                    "disk, mount that disk. Nothing was changed.",
                    folder=self.folder,
                    name=self.accounts.name,
                )
            )

    def account_files(self) -> list[str]:
        """Return the relative paths of the accounts and their journal. Raises CannotCheck."""
        return _names(self.folder, self.folder, _ACCOUNTS)

    def record_files(self) -> list[str]:
        """Return the relative paths of the records and their journals. Raises CannotCheck."""
        return _names(self.folder, self.records, _RECORDS)

    def audit_files(self) -> list[str]:
        """Return the relative paths of the audit log's files. Raises CannotCheck."""
        return _names(self.folder, self.folder, _AUDIT)


@lru_cache(maxsize=16)
def _accounts_in(folder: Path) -> Path:
    return folder / "accounts.json"  # remembered, as each change looks whether it is there


def is_member(name: str) -> bool:
    """Whether a backup may contain a file with this name."""
    return any(re.fullmatch(kind, name) for kind in (_ACCOUNTS, _AUDIT, _RECORDS))


def _names(root: Path, folder: Path, kind: str) -> list[str]:
    try:
        found = list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise cannot("read", folder, error) from None
    names = (path.relative_to(root).as_posix() for path in found)
    return sorted(name for name in names if re.fullmatch(kind, name))
