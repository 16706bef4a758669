"""Schema 7: as later ones, but without SSH keys.

schema_7_files/ has files as the last version of cwtui with that schema wrote them.
"""

from pathlib import Path

import msgspec
import pytest

from cwtui.accounts.errors import StoreTooNew
from cwtui.accounts.model import Moved
from cwtui.store import base, schema_6, table_reader
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.base import SCHEMA
from cwtui.store.records import TinyRecordStore, number_of
from tests.accounts.steps import at_step
from tests.store.old_stores import ADA, contents, copied, kept_copies
from tests.store.samples import FULL, LDAP, OF_SCHEMA_9, PLAIN, RECORD, SETTINGS

EXPECTED = {
    ADA: OF_SCHEMA_9.changed(enabled=True, ssh_keys=(), removals=()),
    "zoe": PLAIN.changed(username="zoe", second_factor=FULL.second_factor),
    LDAP.username: LDAP.changed(moved=Moved("emile", at_step(7))),
}
EXPECTED_RECORD = at_step(60_000_050, RECORD)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(7, tmp_path)


def test_a_store_of_schema_7_is_read_and_stays_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No document is changed as one of schema 6 is, which takes time."""
    monkeypatch.delattr(schema_6, "_changed")
    before = contents(folder)
    store, records = TinyAccountStore(folder / "accounts.json"), TinyRecordStore(folder / "sign-in")
    store.verify()
    records.verify(number_of(ADA))
    assert store.all() == EXPECTED
    assert store.settings() == SETTINGS
    assert records.get(ADA) == EXPECTED_RECORD
    assert contents(folder) == before


def test_the_first_ssh_key_makes_it_a_file_that_an_older_cwtui_refuses(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(folder)
    ada = EXPECTED[ADA].changed(ssh_keys=FULL.ssh_keys)
    with TinyAccountStore(folder / "accounts.json").change() as change:
        change.put(ada)
    TinyRecordStore(folder / "sign-in").update(ADA, lambda one: (at_step(60_000_051, one), 0))
    store, records = TinyAccountStore(folder / "accounts.json"), TinyRecordStore(folder / "sign-in")
    assert store.all() == EXPECTED | {ADA: ada}
    store.verify()
    assert records.get(ADA) == at_step(60_000_051, EXPECTED_RECORD)
    for path in (folder / "accounts.json", *folder.glob("sign-in/*.json")):
        assert msgspec.json.decode(path.read_bytes())["meta"]["schema"] == SCHEMA
    assert kept_copies(folder, 7) == before

    for module in (base, table_reader):
        monkeypatch.setattr(module, "SCHEMA", 7)
    with pytest.raises(StoreTooNew, match=rf"has schema {SCHEMA}, .* reads schemas up to 7"):
        TinyAccountStore(folder / "accounts.json").get(ADA)
