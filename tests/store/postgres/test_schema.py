"""Creating the tables of a store, by many hosts at once, and what is refused."""

from threading import Barrier, Thread

import psycopg
import pytest

from cwtui.accounts.errors import CannotCheck, StoreMissing, StoreTooNew
from cwtui.store.postgres import opening
from tests.servers.postgres import Postgres
from tests.store.samples import PLAIN


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
    def execute(statement: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    execute("UPDATE cwtui.schema_version SET version = version + 1")
    with pytest.raises(StoreTooNew, match="newer version"):
        opening.parts(url)
    execute("UPDATE cwtui.schema_version SET version = version - 1")
    parts = opening.parts(url)
    with postgres_server.database() as other:
        opening.create(other)
        with psycopg.connect(other, autocommit=True) as connection:
            connection.execute("DROP TABLE cwtui.organization")
        with pytest.raises(CannotCheck, match="only part of a store"):
            opening.is_there(other)
        with pytest.raises(StoreMissing):
            opening.parts(other)
    execute("DELETE FROM cwtui.organization")
    with pytest.raises(StoreMissing, match="any more"):
        parts.accounts.get("bob")
    execute(
        "INSERT INTO cwtui.organization (settings, needed_keys, accounts) VALUES ('{}', '[]', 0)"
    )
