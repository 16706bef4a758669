"""Replace the files of a store with those of another one, which was made ready beside them.

A marker file is written before the first file is replaced, and removed after the last. While it
exists, nobody can use the store, and what replaces it can be run again. The old store is kept.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from cwtui.accounts.errors import CannotCheck
from cwtui.hints import again
from cwtui.host import reserve
from cwtui.host.files import cannot, exists, make_private_folder, sync_folder, write_atomically
from cwtui.host.locks import exclusive
from cwtui.host.reasons import reason_of
from cwtui.language import _
from cwtui.store.layout import Layout


class Act(NamedTuple):
    """What replaces the store, in words: its name, and the command of cwtui that repeats it."""

    name: str
    command: str

    def mark(self, layout: Layout) -> None:
        """Say that the store is partly old and partly new from now on. Raises CannotCheck."""
        write_atomically(layout.marker, f"{self.name}\ncwtui {self.command}\n".encode())

    @contextmanager
    def interruptions(self) -> Iterator[None]:
        """Raise CannotCheck, which says how to continue, for errors of the system."""
        try:
            yield
        except OSError as error:
            raise CannotCheck(
                _(
                    "The {name} was interrupted: {reason}. Run it again: {again}",
                    name=self.name,
                    reason=reason_of(error),
                    again=again(self.command),
                )
            ) from None

    def keep(self, layout: Layout, names: Sequence[str], now: float) -> Path | None:
        """Keep these files of the store in a folder of their own. Returns it if there are any.

        Raises CannotCheck.
        """
        if not names:
            return None
        folder = self._free_folder(layout.folder, now)
        try:
            for inside in (folder, folder / layout.records.name):
                inside.mkdir(mode=0o700)
            # Hard links keep the old files, because the new ones have other journals.
            for name in names:
                os.link(layout.folder / name, folder / name)
        except OSError as error:
            remove(folder)
            raise cannot("keep the old store in", folder, error) from None
        for inside in (folder / layout.records.name, folder, layout.folder):
            sync_folder(inside)
        return folder

    def _free_folder(self, folder: Path, now: float) -> Path:
        while True:
            time = datetime.fromtimestamp(now, UTC)
            named = folder / f"before-{self.name}-{time:%Y%m%dT%H%M%SZ}"
            if not exists(named):
                return named
            now += 1

    def replace(
        self,
        layout: Layout,
        staged: Layout,
        files_of: Callable[[Layout], list[str]],
        late: Callable[[str], tuple[bool | str, ...]],
    ) -> None:
        """Replace these files, remove other old ones, and remove the marker. Raises CannotCheck.

        Those with the highest `late` come last.
        """
        with self.interruptions():
            new, old = files_of(staged), files_of(layout)
            for name in sorted(new, key=late):
                (staged.folder / name).replace(layout.folder / name)
            for name in sorted(set(old) - set(new)):
                (layout.folder / name).unlink()
            sync_folder(layout.records)
            sync_folder(layout.folder)
            layout.marker.unlink()
            sync_folder(layout.folder)
        reserve.keep(layout.folder)
        reserve.keep(layout.records)


RESTORE: Final = Act("restore", "store restore FILE")


@contextmanager
def staged_in(layout: Layout) -> Iterator[Layout]:
    """Lend a folder in the store, which is removed afterwards. Raises CannotCheck.

    Holds a lock, so that only one restore or copy runs at a time.
    """
    make_private_folder(layout.folder)
    staged = Layout(layout.staging)
    with exclusive(layout.marker), ExitStack() as cleanup:
        try:
            remove(staged.folder)  # left by a killed one
            cleanup.callback(remove, staged.folder)
            for folder in (staged.folder, staged.records):
                folder.mkdir(mode=0o700)
        except OSError as error:
            raise cannot("write", staged.folder, error) from None
        yield staged


def table_files(layout: Layout) -> list[str]:
    """Return the files of accounts and records, by their paths in the store's folder."""
    return [*layout.record_files(), *layout.account_files()]


def remove(folder: Path) -> None:
    """Remove the folder with all that is in it. Ignores errors."""
    with suppress(OSError):  # it closes a folder twice if that fails (Python 3.11)
        shutil.rmtree(folder, ignore_errors=True)
