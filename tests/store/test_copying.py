"""A whole store is written to another one, and read back the same, whatever they are kept in."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.audit.lines import START, Line, Position
from cwtui.accounts.audit.reading import verified
from cwtui.accounts.errors import CannotCheck, StoreDamaged, StoreTooNew
from cwtui.accounts.filter_language import Query
from cwtui.accounts.upkeep.copying import summed_up
from cwtui.store import building, whole
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.audit.log import FileAuditLog
from cwtui.store.layout import Layout
from cwtui.store.postgres import building as database_building
from cwtui.store.postgres import opening
from cwtui.store.postgres import whole as database_whole
from cwtui.store.postgres.opening import Parts
from cwtui.store.records import TinyRecordStore
from tests.servers.postgres import Postgres
from tests.store.samples import FULL, LDAP, PLAIN, RECORD, SETTINGS

pytestmark = pytest.mark.usefixtures("quick_disk")

NOW = 1_800_000_000.0


def nothing() -> None:
    """Show no progress."""


def event(at: float) -> Event:
    return Event(
        at=at,
        event=EventType.SIGN_OUT,
        actor="ada",
        subject="ada",
        source="here",
        outcome=Outcome.SUCCESS,
    )


def log_of(layout: Layout) -> FileAuditLog:
    """Small files, of which few are kept, so that its oldest events are gone."""
    return FileAuditLog(layout.audit, max_bytes=500, keep_files=2)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Accounts with every field, and a log with what failures of the power left."""
    made = Layout(tmp_path / "store")
    made.records.mkdir(mode=0o700, parents=True)
    made.folder.chmod(0o700)
    with TinyAccountStore.create(made.accounts).change() as change:
        change.put(FULL, PLAIN, LDAP)
        change.put_settings(SETTINGS)
        change.put_needed_keys(frozenset({"k1", "k9"}))
    for name in ("bob", "eve", FULL.username):
        TinyRecordStore(made.records).update(name, lambda _: (RECORD, None))
    log = log_of(made)
    for at in range(10):
        if at in {4, 7, 9}:
            with made.audit.open("ab") as file:
                file.write(b'{"n":99,"previous":' * (at - 3))
        log.append(event(NOW + at))
    return made


@contextmanager
def in_database(postgres_server: Postgres, layout: Layout) -> Iterator[Parts]:
    url = postgres_server.emptied_store()
    with whole.at_one_instant(layout) as source, opening.opened(url) as database:
        summary = summed_up(source, nothing)
        with database_building.new_store(database, "there", NOW, replace=False) as made:
            made.write(source, summary, nothing)
            with made.whole() as again:
                assert summed_up(again, nothing) == summary
    parts = opening.parts(url)
    yield parts
    parts.close()


def url_of(postgres_server: Postgres) -> str:
    """The database that `in_database` has filled."""
    return postgres_server.url(f"of_{os.getpid()}")


def contents(lines: Iterable[Line]) -> list[bytes]:
    return [line.content for line in lines]


def test_everything_comes_through_a_database_and_back(
    postgres_server: Postgres, layout: Layout, tmp_path: Path
) -> None:
    lines = contents(log_of(layout).lines(START))
    assert sum(b'{"n":99' in line for line in lines) == 3
    with in_database(postgres_server, layout) as parts:
        assert contents(parts.audit.lines(START)) == lines
        assert verified(parts.audit, has_accounts=True).findings == []
        ends = parts.audit.ends()
        assert ends == log_of(layout).ends()
        assert ends is not None
        assert ends.first.n > 1
        assert parts.accounts.get(FULL.username) == FULL
        assert parts.records.last_sign_ins()("eve") == RECORD.last_sign_in
        assert parts.records.banned().keys() == TinyRecordStore(layout.records).banned().keys()
        assert parts.accounts.count(Query()) == 3
        parts.audit.append(event(NOW + 20))
        assert verified(parts.audit, has_accounts=True).findings == []
        back = Layout(tmp_path / "back")
        with (
            opening.opened(url_of(postgres_server)) as database,
            database_whole.at_one_instant(database) as source,
            building.new_store(back, 500, NOW, replace=False) as made,
        ):
            summary = summed_up(source, nothing)
            made.write(source, summary, nothing)
            with made.whole() as again:
                assert summed_up(again, nothing) == summary
        assert TinyAccountStore(back.accounts).all() == TinyAccountStore(layout.accounts).all()
        assert TinyAccountStore(back.accounts).enabled_local_admins() == (
            TinyAccountStore(layout.accounts).enabled_local_admins()
        )
        assert TinyAccountStore(back.accounts).settings() == SETTINGS
    TinyAccountStore(back.accounts).verify()
    assert contents(log_of(back).lines(START)) == [*lines, *contents(parts.audit.lines(START))[-1:]]
    log_of(back).append(event(NOW + 21))
    verdict = verified(log_of(back), has_accounts=True)
    assert (verdict.findings, verdict.last and verdict.last.n) == ([], 12)


def test_pages_of_the_log_miss_nothing_where_partial_lines_share_a_row(
    postgres_server: Postgres, layout: Layout
) -> None:
    with in_database(postgres_server, layout) as parts:
        lines = contents(parts.audit.lines(START))
        backward, forward = list[bytes](), list[bytes]()
        position: Position | None = None
        for _ in lines:
            line = next(parts.audit.lines_before(position))
            backward.append(line.content)
            position = line.position
        assert position is not None
        assert list(parts.audit.lines_before(position)) == []
        start = START
        for _ in lines:
            line = next(parts.audit.lines(start))
            forward.append(line.content)
            start = line.after
        assert list(parts.audit.lines(start)) == []
    assert (backward, forward) == (lines[::-1], lines)


def test_a_log_that_others_changed_is_copied_as_it_is(
    postgres_server: Postgres, layout: Layout
) -> None:
    """What is wrong with it is found in the copy too."""
    lines = layout.audit.read_bytes().splitlines(keepends=True)
    layout.audit.write_bytes(b"".join([*lines, lines[0], b"null\n"]))
    findings = verified(log_of(layout), has_accounts=True).findings
    assert len(findings) == 2
    with in_database(postgres_server, layout) as parts:
        assert contents(parts.audit.lines(START)) == contents(log_of(layout).lines(START))
        assert len(verified(parts.audit, has_accounts=True).findings) == 2
        parts.audit.append(event(NOW + 20))
    log_of(layout).append(event(NOW + 20))
    assert contents(parts.audit.lines(START))[-1] == contents(log_of(layout).lines(START))[-1]


def test_an_instant_is_not_disturbed_by_later_changes(layout: Layout) -> None:
    with whole.at_one_instant(layout) as found:
        before = summed_up(found, nothing)
        with TinyAccountStore(layout.accounts).change() as change:
            change.remove(FULL.username)
        TinyAccountStore(layout.accounts).compact()
        for number in TinyRecordStore.numbers():
            TinyRecordStore(layout.records).compact(number)
        TinyRecordStore(layout.records).remove("bob")
        for at in range(20):
            log_of(layout).append(event(NOW + 10 + at))
        assert summed_up(found, nothing) == before
    with whole.at_one_instant(layout) as found:
        after = summed_up(found, nothing)
    assert after.differences(before) == ["the accounts", "the sign-in records", "the audit log"]


def test_a_base_with_a_wrong_checksum_is_not_copied(layout: Layout) -> None:
    TinyAccountStore(layout.accounts).compact()
    content = layout.accounts.read_bytes()
    layout.accounts.write_bytes(content.replace(b"Countess", b"Duchess!"))
    with whole.at_one_instant(layout) as found, pytest.raises(StoreDamaged, match="checksum"):
        found.check()


def test_a_database_is_not_copied_while_somebody_migrates_it(postgres_server: Postgres) -> None:
    url = postgres_server.emptied_store()
    with ExitStack() as opened:
        one, two = (opened.enter_context(opening.opened(url)) for _ in range(2))
        opened.enter_context(database_whole.at_one_instant(one))
        with (
            pytest.raises(CannotCheck, match="the same database"),
            database_building.new_store(two, "there", NOW, replace=True),
        ):
            pass


def test_a_database_of_a_newer_version_is_neither_copied_nor_replaced(
    postgres_server: Postgres,
) -> None:
    with postgres_server.database("with_store") as url, opening.opened(url) as database:
        name = url.partition("?")[0].rpartition("/")[2]
        postgres_server.execute("UPDATE cwtui.schema_version SET version = 99", name)
        for use in (
            database_whole.at_one_instant(database),
            database_building.new_store(database, "there", NOW, replace=True),
            database_building.replaced(database),
        ):
            with pytest.raises(StoreTooNew), use:
                pass
