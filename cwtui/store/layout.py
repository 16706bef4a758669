"""Which file of a store stands where in its folder."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from cwtui.accounts.errors import StoreMissing
from cwtui.host.files import cannot, exists

_AUDIT: Final = re.compile(r"audit(-\d{6,})?\.jsonl|audit\.head")
_RECORDS: Final = re.compile(r"sign-in/\d\d\.json")


class Layout(NamedTuple):
    """The folder; a backup names its members by their path in it."""

    folder: Path

    @property
    def accounts(self) -> Path:
        return self.folder / "accounts.json"

    @property
    def records(self) -> Path:
        return self.folder / "sign-in"

    @property
    def audit(self) -> Path:
        return self.folder / "audit.jsonl"

    @property
    def marker(self) -> Path:
        """There while a restore replaces files: what is found then is half old and half new."""
        return self.folder / "restoring"

    @property
    def staging(self) -> Path:
        """What a restore has unpacked and not yet put in its place."""
        return self.folder / ".restoring"

    def is_there(self) -> bool:
        """Whether a store is there: the accounts are what makes a folder one.

        Raises CannotCheck where that cannot be seen.
        """
        return exists(self.accounts)

    def check_is_there(self) -> None:
        """Raise StoreMissing unless a store is there."""
        if not self.is_there():
            raise StoreMissing(
                f"There is no store in {self.folder}: {self.accounts.name} is missing. If the "
                "store is on another disk, mount it. Nothing was changed."
            )

    def record_files(self) -> list[str]:
        """Raises CannotCheck, as does the next."""
        return _names(self.folder, self.records, _RECORDS)

    def audit_files(self) -> list[str]:
        return _names(self.folder, self.folder, _AUDIT)


def is_member(name: str) -> bool:
    """Whether a backup may hold a file of this name."""
    return name == "accounts.json" or any(kind.fullmatch(name) for kind in (_AUDIT, _RECORDS))


def _names(root: Path, folder: Path, kind: re.Pattern[str]) -> list[str]:
    try:
        found = list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise cannot("read", folder, error) from None
    names = (path.relative_to(root).as_posix() for path in found)
    return sorted(name for name in names if kind.fullmatch(name))
