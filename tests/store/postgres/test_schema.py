"""Creating the tables of a store, by many hosts at once, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier, Thread
from typing import Final

import psycopg
import pytest

from cwtui.accounts.errors import CannotCheck, StoreMissing, StoreTooNew
from cwtui.store.postgres import (
    checking,
    opening,
    schema,
    transactions,
    trips,
)
from cwtui.store.postgres.trips import Statement
from tests.servers.postgres import TEMPLATE, Postgres
from tests.store.samples import PLAIN

OLD: Final = """
    DROP INDEX cwtui.account_origin, cwtui.account_enabled, cwtui.account_mfa;
    DROP INDEX cwtui.account_password;
    UPDATE cwtui.schema_version SET version = 6;
"""
"""Leads back to the tables of version 6."""
OLDER: Final = """
    ALTER TABLE cwtui.account DROP COLUMN enabled_at, DROP COLUMN expires_at;
    ALTER TABLE cwtui.organization DROP COLUMN keyring;
    UPDATE cwtui.schema_version SET version = 4;
"""
"""Leads further back, to those of version 4."""


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_ten_hosts_create_one_store(postgres_server: Postgres) -> None:
    with postgres_server.database() as url:
        assert not opening.is_there(url)
        with pytest.raises(StoreMissing):
            opening.parts(url)
        gate, failed = Barrier(10), list[Exception]()

        def create() -> None:
            gate.wait(10)
            try:
                opening.create(url)
            except Exception as error:  # noqa: BLE001  the test looks at it
                failed.append(error)

        threads = [Thread(target=create) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert failed == []
        assert opening.is_there(url)
        with opening.parts(url).accounts.change() as change:
            change.put(PLAIN)
        opening.create(url)
        assert opening.parts(url).accounts.names() == ["bob"]


def test_tables_of_a_newer_version_or_without_others_are_refused(
    postgres_server: Postgres, url: str
) -> None:
    execute(url, "UPDATE cwtui.schema_version SET version = version + 1")
    with pytest.raises(StoreTooNew, match="newer version"):
        opening.parts(url)
    execute(url, "UPDATE cwtui.schema_version SET version = version - 1")
    parts = opening.parts(url)
    with postgres_server.database() as other:
        opening.create(other)
        execute(other, "DROP TABLE cwtui.organization")
        with pytest.raises(CannotCheck, match="only part of a store"):
            opening.is_there(other)
        with pytest.raises(StoreMissing):
            opening.parts(other)
    execute(url, "DELETE FROM cwtui.organization")
    with pytest.raises(StoreMissing, match="any more"):
        parts.accounts.get("bob")
    execute(
        url,
        "INSERT INTO cwtui.organization (settings, needed_keys, accounts) VALUES ('{}', '[]', 0)",
    )


def test_a_store_without_the_extension_for_texts_is_told(
    postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as where its files are not installed."""
    lacking = [one.replace("pg_trgm", "pg_missing") for one in schema._FILTERS]
    monkeypatch.setitem(schema._MIGRATIONS, 4, tuple(lacking))
    with postgres_server.database() as url:
        opening.create(url)
        with closing(opening.parts(url)) as parts:
            (found,) = checking.text_index(parts, "database")
            assert "pg_trgm" in found.sentence
    with postgres_server.database() as url:
        monkeypatch.undo()
        opening.create(url)
        with closing(opening.parts(url)) as parts:
            assert list(checking.text_index(parts, "database")) == []


def indexes(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indisvalid"
            " AND indrelid = 'cwtui.account'::regclass"
        )
        return {name for (name,) in found}


def test_a_migration_may_take_longer_than_any_other_change(
    postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as for the index of a million rows."""
    with postgres_server.database(TEMPLATE) as url:
        execute(url, OLD)
        slowly = ("SELECT pg_sleep(0.4)", *schema._RARE)
        monkeypatch.setitem(schema._INDEXES, 7, slowly)
        soon = Statement("SELECT set_config('statement_timeout', '200', true)")
        monkeypatch.setattr(transactions, "LIMITS", soon)
        monkeypatch.setattr(trips, "ANSWER_SECONDS", 0.2)
        with closing(opening.parts(url)) as parts:
            assert parts.accounts.is_empty()
            with parts.connections.one() as kept, pytest.raises(CannotCheck):
                parts.connections.send(kept, [Statement("SELECT pg_sleep(5)")])


@pytest.mark.parametrize("back", [[OLD], [OLD, OLDER]])
def test_many_hosts_migrate_at_once_after_an_interruption(
    back: list[str], postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server.database(TEMPLATE) as url:
        expected = indexes(url)
        execute(url, *back)
        broken = (*schema._RARE[:2], "SELECT no_function()", *schema._RARE[2:])
        with monkeypatch.context() as patch:
            patch.setitem(schema._INDEXES, 7, broken)
            with pytest.raises(StoreMissing):
                opening.parts(url)
        assert len(expected - indexes(url)) == 2
        with ThreadPoolExecutor(10) as pool:
            opened = list(pool.map(opening.parts, [url] * 10))
        for parts in opened:
            assert parts.accounts.is_empty()
            parts.close()
        assert indexes(url) == expected
