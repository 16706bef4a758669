"""Copy a whole store to another place: from files to a database, back, or to the same kind.

    source as it is at one instant --> new store that nobody can use yet --> read back and compared
    --> put into its place --> the source is looked at again: was it changed meanwhile?

Nobody waits, and the source stays as it is. Both audit logs say that it was copied: the source's
before the instant, so that the copy continues with the same lines, and the copy's after that.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from cwtui import services
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.errors import Refused, StoreDamaged
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.session import Operator
from cwtui.accounts.upkeep.copying import Step, Summary, Whole, steps, summed_up
from cwtui.config import Config
from cwtui.host.files import cannot
from cwtui.language import _
from cwtui.store import building, whole
from cwtui.store.audit.log import MEGABYTE
from cwtui.store.layout import Layout
from cwtui.store.restoring import Restore
from cwtui.store.swapping import remove


class Target(Protocol):
    """A store that is being written. All methods raise CannotCheck."""

    @property
    def kept(self) -> Path | str | None:
        """The folder or schema with the store that was there before, if any."""

    def write(self, source: Whole, summary: Summary, step: Step) -> None: ...

    def whole(self) -> AbstractContextManager[Whole]: ...

    def append(self, event: Event) -> None: ...


class Copied(NamedTuple):
    """What a copy has, and what is to be known about it."""

    summary: Summary
    keys: frozenset[str]
    """The ids of the keys that the copy needs. Its hosts need a keyring that has them."""
    changed: tuple[str, ...]
    """What was changed in the source while it was copied, in words."""
    is_recorded: bool
    """Whether the source's audit log records the copy. It cannot if the source is read-only."""
    kept: Path | str | None
    """The folder or schema with the store that was in the target's place, if any."""


def copy(
    source: Config, target: Config, operator: Operator, progress: ShowProgress, *, replace: bool
) -> Copied:
    """Copy the store. Raises Refused if there is a store already, and CannotCheck.

    Nothing is there before everything was read back and is the same.
    """
    _refuse_same(source, target)
    ports = services.connect(source)  # with all keys that it needs
    used = frozenset[str]().union(*(row.keys for row in ports.accounts.protected()))
    keys = ports.accounts.needed_keys() & used
    there = services.clock_of(target)
    with _new_store(target, replace=replace) as made:
        is_recorded = not services.is_read_only(source)
        if is_recorded:
            ports.audit.append(_event(operator, f"to {target.store_name}", ports.now()))
        with _at_one_instant(source) as found:
            step = steps(progress, found.size())
            before = summed_up(found, step)
            made.write(found, before, step)
        with made.whole() as again:
            differences = before.differences(summed_up(again, step))
        if differences:
            what = differences[0]
            raise StoreDamaged(
                _(
                    "{what} could not be read back from {store} as written, so the copy was "
                    "removed. Nothing was changed.",
                    what=what[:1].upper() + what[1:],
                    store=target.store_name,
                )
            )
        made.append(_event(operator, _from(source, before), there()))
    with _at_one_instant(source) as found:
        changed = before.differences(summed_up(found, step))
    progress(1, 1)
    return Copied(before, keys, tuple(changed), is_recorded, made.kept)


@contextmanager
def in_files(config: Config, near: Path | None) -> Iterator[Layout]:
    """Write a store to files in a private folder beside `near`, and remove them at the end.

    None: in the folder for temporary files. Raises CannotCheck.
    """
    with private_folder(near) as folder, _at_one_instant(config) as found:
        layout = Layout(folder)
        layout.records.mkdir(mode=0o700)
        target = building.FilesTarget(layout, config.audit.max_megabytes * MEGABYTE)
        target.write(found, summed_up(found, _unseen), _unseen)
        yield layout


def restore_to_database(config: Config, restore: Restore, event: Event) -> str | None:
    """Replace a store in a database with an unpacked backup. Raises CannotCheck.

    Returns the schema with the old tables, if there was a store. What is there now is first written
    to files, where the backup is merged with it. Meanwhile nobody else can change it.
    """
    from cwtui import database

    with database.replaced(config) as store:
        is_empty = True
        with store.whole() as now, suppress(StoreDamaged):
            size = now.size()
            is_empty = not (size.accounts or size.records)
            if not is_empty:
                restore.layout.records.mkdir(mode=0o700)
                files = building.FilesTarget(restore.layout, MEGABYTE)
                files.write_tables(now, size.accounts, _unseen)
        restore.make_ready()
        if not is_empty:
            store.set_aside(restore.now)
        with whole.at_one_instant(restore.staged) as merged:
            store.write_tables(merged, _unseen)
            if not store.has_log():
                store.write_log(merged, summed_up(merged, _unseen), _unseen)
        store.append(event)
    return store.kept


def _unseen() -> None:
    """Show no progress."""


@contextmanager
def private_folder(near: Path | None) -> Iterator[Path]:
    """Lend a new folder beside `near`, or in the folder for temporary files, for this block.

    Raises CannotCheck.
    """
    where = near.parent if near is not None else Path(tempfile.gettempdir())
    try:
        folder = Path(tempfile.mkdtemp(prefix=".cwtui-", dir=where))
    except OSError as error:
        raise cannot("write", where, error) from None
    try:
        yield folder
    finally:
        remove(folder)


def _refuse_same(source: Config, target: Config) -> None:
    same = source.database == target.database
    if same and (source.database or source.folder.resolve() == target.folder.resolve()):
        raise Refused(
            _(
                "{store} is the store to copy. Name another place for the copy.",
                store=target.store_name,
            )
        )


def _new_store(config: Config, *, replace: bool) -> AbstractContextManager[Target]:
    now = time.time()
    if config.database:
        # Imported here, because most hosts have no database.
        from cwtui import database

        return database.new_store(config, now, replace=replace)
    max_bytes = config.audit.max_megabytes * MEGABYTE
    return building.new_store(config.layout, max_bytes, now, replace=replace)


@contextmanager
def _at_one_instant(config: Config) -> Iterator[Whole]:
    if config.database:
        from cwtui import database

        with database.at_one_instant(config) as rows:
            yield rows
        return
    services.refuse_half_restored(config)
    with whole.at_one_instant(config.layout) as files:
        files.check()
        yield files


def _event(operator: Operator, reason: str, now: float) -> Event:
    return Event(
        at=now,
        event=EventType.STORE_COPY,
        actor=operator.actor,
        subject="",
        source=operator.source,
        outcome=Outcome.SUCCESS,
        reason=reason,
    )


def _from(source: Config, summary: Summary) -> str:
    number = summary.accounts.number
    return f"from {source.store_name}, accounts={number}, events={summary.audit.number}"
