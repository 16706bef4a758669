"""A whole store in files as it is at one instant, to copy it while others go on using it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

import msgspec

from cwtui.accounts.audit.chain import Ends
from cwtui.accounts.errors import StoreDamaged
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.upkeep.copying import Size
from cwtui.host.files import cannot, exists
from cwtui.host.locks import undisturbed
from cwtui.language import _
from cwtui.store.accounts import FrozenAccounts, TinyAccountStore
from cwtui.store.backup import audit_part
from cwtui.store.layout import Layout
from cwtui.store.parts import Part
from cwtui.store.records import TinyRecordStore
from cwtui.store.view import View

_HEAD: Final = "audit.head"
_LONGEST: Final = 1 << 24
"""The most bytes of a line in the audit log: many times what cwtui writes."""


class WholeFiles(NamedTuple):
    """The Whole port. Its files stay open; later changes make others, or make them longer."""

    layout: Layout
    kept_accounts: FrozenAccounts
    kept_records: dict[int, View]
    audit: dict[str, Part]

    def size(self) -> Size:
        ends = self.ends()
        events = ends.last.n - ends.first.n + 1 if ends is not None else 0
        records = sum(view.count for view in self.kept_records.values())
        return Size(self.kept_accounts.view.count, records, max(events, 0))

    def settings(self) -> OrganizationSettings:
        return self.kept_accounts.settings()

    def needed_keys(self) -> frozenset[str]:
        return self.kept_accounts.needed_keys()

    def enabled_local_admins(self) -> frozenset[str]:
        return self.kept_accounts.view.marked

    def accounts(self) -> Iterator[Account]:
        return self.kept_accounts.all()

    def records(self) -> Iterator[tuple[int, Mapping[str, SignInRecord]]]:
        for number, view in self.kept_records.items():
            if view.count:
                yield number, dict(view.documents(SignInRecord))

    def lines(self) -> Iterator[bytes]:
        for name, part in self.audit.items():
            if name != _HEAD:
                # An unfinished line at the end is being written, or was never acknowledged.
                yield from self._lines_of(name, part, unfinished=name != self.layout.audit.name)

    def ends(self) -> Ends | None:
        if _HEAD not in self.audit:
            return None
        try:
            return msgspec.json.decode(b"".join(self.audit[_HEAD].pieces()), type=Ends)
        except (ValueError, RecursionError):
            return None  # it was changed, which `verify` reports

    def _lines_of(self, name: str, part: Part, *, unfinished: bool) -> Iterator[bytes]:
        rest = b""
        try:
            for piece in part.pieces():
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines
                if len(rest) > _LONGEST:
                    raise StoreDamaged(
                        _(
                            "{path} has a line that cwtui did not write: it is too long. Nothing "
                            "was changed.",
                            path=self.layout.folder / name,
                        )
                    )
        except EOFError:
            raise StoreDamaged(
                _(
                    "{path} became shorter while it was read. Nothing was changed.",
                    path=self.layout.folder / name,
                )
            ) from None
        except OSError as error:
            raise cannot("read", self.layout.folder / name, error) from None
        if rest and unfinished:
            yield rest

    def check(self) -> None:
        """Raise StoreDamaged if a file is not as cwtui wrote it.

        Otherwise damage would get a matching checksum in the copy.
        """
        for view in (self.kept_accounts.view, *self.kept_records.values()):
            if view.base is not None:
                view.base.verify_checksum()


@contextmanager
def at_one_instant(layout: Layout) -> Iterator[WholeFiles]:
    """Open everything while nobody writes, which takes only a moment. Raises CannotCheck."""
    accounts, records = TinyAccountStore(layout.accounts), TinyRecordStore(layout.records)
    numbers = records.numbers() if exists(layout.records) else range(0)
    with ExitStack() as opened:
        with ExitStack() as locks:
            # In the order in which a sign-in takes them.
            for path in (layout.accounts, *map(records.path, numbers), layout.audit):
                locks.enter_context(undisturbed(path))
            kept = accounts.frozen()
            views = {number: records.frozen(number) for number in numbers}
            try:
                audit = {
                    name: opened.enter_context(audit_part(layout.folder / name))
                    for name in _in_order(layout)
                }
            except OSError as error:
                raise cannot("read", layout.folder, error) from None
        yield WholeFiles(layout, kept, views, audit)


def _in_order(layout: Layout) -> list[str]:
    """Return the names of the audit log's files, oldest first."""

    def place(name: str) -> tuple[bool, int]:
        number = name.removesuffix(".jsonl").rpartition("-")[2]
        return not number.isdigit(), int(number) if number.isdigit() else 0

    return sorted(layout.audit_files(), key=place)
