"""The store's files through TinyDB's own interface, with cwtui's storage and the stock one."""

from pathlib import Path

import pytest
from tinydb import TinyDB, where
from tinydb.storages import JSONStorage
from tinydb.table import Document

from cwtui.accounts.errors import CannotCheck
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import TinyRecordStore, number_of
from cwtui.store.tinydb_storage import NamedTable, TableStorage
from tests.store.samples import FULL, LDAP, PLAIN, RECORD, SETTINGS

pytestmark = pytest.mark.usefixtures("quick_disk")


class Store(TinyDB):
    table_class = NamedTable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three accounts, one of them in the journal only."""
    made = tmp_path / "accounts.json"
    with TinyAccountStore.create(made).change() as change:
        change.put(FULL, PLAIN)
        change.put_settings(SETTINGS)
    TinyAccountStore(made).compact()
    with TinyAccountStore(made).change() as change:
        change.put(LDAP)
    return made


def test_queries_find_what_is_in_base_and_journal(path: Path) -> None:
    with Store(path, storage=TableStorage) as store:
        accounts = store.table("accounts")
        assert len(accounts) == 3
        assert accounts.get(doc_id=LDAP.username)["display_name"] == LDAP.display_name
        found = accounts.search(where("origin") == "ldap")
        assert [one.doc_id for one in found] == [LDAP.username]
        assert store.table("settings").all()[0]["issuer"] == SETTINGS.issuer


def test_changes_through_tinydb_are_changes_of_the_store(path: Path) -> None:
    with Store(path, storage=TableStorage) as store:
        accounts = store.table("accounts")
        accounts.update({"display_name": "Robert"}, where("username") == "bob")
        accounts.remove(doc_ids=[LDAP.username])
        eve = Document({"username": "eve", "created_at": 1.0}, doc_id="eve")  # type: ignore[arg-type]  # an int for TinyDB
        accounts.insert(eve)
    kept = TinyAccountStore(path)
    assert kept.names() == sorted([FULL.username, "bob", "eve"])
    assert kept.get("bob") == PLAIN.changed(display_name="Robert")
    assert kept.get(FULL.username) == FULL
    kept.verify()


def test_a_change_made_meanwhile_is_not_overwritten(path: Path) -> None:
    def disturb(_: object) -> bool:
        with TinyAccountStore(path).change() as change:
            change.put(PLAIN.changed(session_epoch=7))
        return True

    with Store(path, storage=TableStorage) as store, pytest.raises(CannotCheck, match="try again"):
        store.table("accounts").update({"enabled": False}, where("username").test(disturb))
    bob = TinyAccountStore(path).get("bob")
    assert bob is not None
    assert (bob.session_epoch, bob.enabled) == (7, PLAIN.enabled)


def test_sign_in_records_are_read_too(tmp_path: Path) -> None:
    records = TinyRecordStore(tmp_path)
    records.update("bob", lambda _: (RECORD, None))
    file = records.path(number_of("bob"))
    with Store(file, storage=TableStorage, main="records", small=()) as store:
        assert store.table("records").get(doc_id="bob")["last_source"] == RECORD.last_source


def test_stock_tinydb_reads_the_whole_store_after_compacting(path: Path) -> None:
    TinyAccountStore(path).compact()
    before = path.read_bytes()
    with Store(path, storage=JSONStorage, access_mode="r", encoding="utf-8") as store:
        accounts = store.table("accounts")
        found = accounts.search(where("roles").any(["connectware-admin"]))
        assert [one.doc_id for one in found] == [FULL.username]
        assert len(accounts) == 3
    assert path.read_bytes() == before
