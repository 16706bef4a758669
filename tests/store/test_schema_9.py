"""Schema 9: as schema 10, but accounts have no last day, and no reason for being disabled.

schema_9_files/ has files as the last version of cwtui with that schema wrote them.
"""

from pathlib import Path

import msgspec
import pytest

from cwtui.accounts.errors import StoreTooNew
from cwtui.accounts.model import Moved
from cwtui.store import base, table_reader
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.base import SCHEMA
from cwtui.store.records import TinyRecordStore, number_of
from tests.accounts.steps import at_step
from tests.store.old_stores import ADA, contents, copied, kept_copies
from tests.store.samples import FULL, LDAP, OF_SCHEMA_9, PLAIN, RECORD, SETTINGS

EXPECTED = {
    ADA: OF_SCHEMA_9.changed(enabled=True),
    "zoe": PLAIN.changed(username="zoe", second_factor=FULL.second_factor),
    LDAP.username: LDAP.changed(moved=Moved("emile", at_step(7))),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(9, tmp_path)


def test_a_store_of_schema_9_is_read_and_stays_as_it_is(folder: Path) -> None:
    before = contents(folder)
    store, records = TinyAccountStore(folder / "accounts.json"), TinyRecordStore(folder / "sign-in")
    store.verify()
    records.verify(number_of(ADA))
    assert store.all() == EXPECTED
    assert store.settings() == SETTINGS
    assert records.get(ADA) == at_step(60_000_050, RECORD)
    assert contents(folder) == before


def test_the_first_change_makes_it_a_file_that_an_older_cwtui_refuses(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = folder / "accounts.json"
    before = contents(folder)
    with TinyAccountStore(accounts).change() as change:
        change.put(EXPECTED[ADA].changed(expires_at=FULL.expires_at))
    assert TinyAccountStore(accounts).get(ADA) == EXPECTED[ADA].changed(expires_at=FULL.expires_at)
    TinyAccountStore(accounts).verify()
    assert msgspec.json.decode(accounts.read_bytes())["meta"]["schema"] == SCHEMA
    kept = kept_copies(folder, 9)
    assert kept == {name: before[name] for name in kept}
    assert "accounts.json" in kept

    for module in (base, table_reader):
        monkeypatch.setattr(module, "SCHEMA", 9)
    with pytest.raises(StoreTooNew, match=rf"has schema {SCHEMA}, .* reads schemas up to 9"):
        TinyAccountStore(accounts).get(ADA)
