"""Schema 6: a base and a journal as now, but one device for each account.

schema_6_files/ has files as the last version of cwtui with that schema wrote them.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.account_words import ALL_ACCOUNTS
from cwtui.accounts.errors import StoreDamaged
from cwtui.accounts.listing import Sort
from cwtui.accounts.model import Account, DeviceUse, Moved, SecondFactor, WrongCode
from cwtui.store import schema_6
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.base import SCHEMA
from cwtui.store.records import TinyRecordStore, number_of
from tests.accounts.steps import at_step
from tests.store.old_stores import ADA, contents, copied, files_of, kept_copies
from tests.store.samples import FULL, LDAP, OF_SCHEMA_9, PLAIN, RECORD, SETTINGS
from tests.store.table_files import journal_of, write


def one_device(account: Account) -> SecondFactor:
    assert account.second_factor is not None
    return SecondFactor(account.second_factor.devices[:1], account.second_factor.backup_codes)


EXPECTED = {
    ADA: OF_SCHEMA_9.changed(
        enabled=True, second_factor=one_device(FULL), ssh_keys=(), removals=()
    ),
    "zoe": PLAIN.changed(username="zoe", second_factor=one_device(FULL)),
    LDAP.username: LDAP.changed(moved=Moved("emile", at_step(7))),
}
EXPECTED_RECORD = RECORD.changed(
    devices={
        "": DeviceUse(
            last_step=60_000_050,
            wrong_code=WrongCode(1_800_000_002.5, 60_000_040),
            spent_steps=(60_000_039, 60_000_040),
        )
    }
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(6, tmp_path)


def test_a_device_is_read_and_the_files_stay_as_they_are(folder: Path) -> None:
    before = contents(folder)
    store = TinyAccountStore(folder / "accounts.json")
    store.verify()
    assert store.all() == EXPECTED
    assert store.settings() == SETTINGS
    assert [row.second_factor is not None for row in store.rows()] == [True, True, False]
    records = TinyRecordStore(folder / "sign-in")
    records.verify(number_of(ADA))
    assert records.get(ADA) == EXPECTED_RECORD
    assert {*records.banned()} == {ADA}
    assert contents(folder) == before


def change_accounts(folder: Path) -> None:
    with TinyAccountStore(folder / "accounts.json").change() as change:
        change.put(PLAIN)


def compact_accounts(folder: Path) -> None:
    assert TinyAccountStore(folder / "accounts.json").compact()


@pytest.mark.parametrize("act", [change_accounts, compact_accounts])
def test_both_files_are_kept_at_the_first_change(folder: Path, act: Callable[[Path], None]) -> None:
    before = contents(folder)
    act(folder)
    store = TinyAccountStore(folder / "accounts.json")
    new = {"bob": PLAIN} if act is change_accounts else {}
    assert store.all() == EXPECTED | new
    store.verify()
    assert msgspec.json.decode(store_text(folder))["meta"]["schema"] == SCHEMA
    assert kept_copies(folder, 6) == {
        name: content for name, content in before.items() if "/" not in name
    }
    assert store.leftovers() == []


def store_text(folder: Path) -> bytes:
    return (folder / "accounts.json").read_bytes()


def test_records_are_migrated_at_the_next_sign_in(folder: Path) -> None:
    TinyRecordStore(folder / "sign-in").update(ADA, lambda record: (at_step(60_000_051, record), 0))
    records = TinyRecordStore(folder / "sign-in")
    assert records.get(ADA) == at_step(60_000_051, EXPECTED_RECORD)
    records.verify(number_of(ADA))
    assert len(list((folder / "sign-in").glob("63*.schema-6"))) == 2


def test_a_change_by_an_older_version_meanwhile_is_seen(folder: Path) -> None:
    """It has the store open while cwtui is upgraded."""
    whole = journal_of(folder / "accounts.json").read_bytes()
    first, _ = whole.splitlines(keepends=True)
    write(journal_of(folder / "accounts.json"), first)
    store = TinyAccountStore(folder / "accounts.json")
    assert {*store.all()} == {ADA, "bob", LDAP.username}
    with journal_of(folder / "accounts.json").open("ab") as journal:
        journal.write(whole[len(first) :])
    assert store.all() == EXPECTED
    with store.change() as change:
        change.put(PLAIN)
    assert TinyAccountStore(folder / "accounts.json").all() == EXPECTED | {"bob": PLAIN}


def spoil_document(folder: Path) -> None:
    path = folder / "accounts.json"
    write(path, path.read_bytes().replace(b'"username":"bob"', b'"username":"bib"'))


def spoil_journal(folder: Path) -> None:
    path = journal_of(folder / "accounts.json")
    write(path, path.read_bytes().replace(b"1800000001.5", b"1800000002.5", 1))


def lose_journal(folder: Path) -> None:
    journal_of(folder / "accounts.json").unlink()


@pytest.mark.parametrize("act", [change_accounts, compact_accounts])
@pytest.mark.parametrize("damage", [spoil_document, spoil_journal, lose_journal])
def test_damage_is_found_and_never_migrated(
    folder: Path, damage: Callable[[Path], None], act: Callable[[Path], None]
) -> None:
    damage(folder)
    before = contents(folder)
    store = TinyAccountStore(folder / "accounts.json")
    with pytest.raises(StoreDamaged):
        store.verify()
    with pytest.raises(StoreDamaged):
        act(folder)
    assert contents(folder) == before


def test_damage_in_a_document_names_its_line(folder: Path) -> None:
    path = folder / "sign-in" / "63.json"
    write(journal_of(path), b"")
    write(path, path.read_bytes().replace(b'"last_totp_step":60000000', b'"last_totp_step":"x"'))
    with pytest.raises(StoreDamaged, match=r"63\.json is damaged at line 9: .*last_step"):
        TinyRecordStore(folder / "sign-in").get(ADA)


def test_a_backup_of_it_is_complete(folder: Path) -> None:
    with TinyAccountStore(folder / "accounts.json").parts() as parts:
        taken = {path.name: b"".join(part.pieces()) for path, part in parts.items()}
    assert taken == {name: kept for name, kept in contents(folder).items() if "/" not in name}


@given(st.binary())
def test_any_document_is_left_to_the_decoder(document: bytes) -> None:
    for content in (document, b'{"second_factor":' + document + b',"totp_secret":1}'):
        tables = {"accounts": {"ada": content}, "records": {"ada": content}}
        schema_6.as_schema_7(tables)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["second_factor", "totp_secret", "moved", "record", "wrong_code"]),
            inner,
        )
    ),
)


@given(JSON)
def test_any_value_is_left_to_the_decoder(value: Any) -> None:
    content = msgspec.json.encode(value)
    schema_6.as_schema_7({"accounts": {"ada": content}, "records": {"ada": content}})


def with_many(path: Path) -> dict[str, Account]:
    """A store of schema 6 with 300 accounts that have a device; returns them."""
    store = TinyAccountStore.create(path)
    names = [f"user-{number:03}" for number in range(300)]
    with store.change() as change:
        change.put(*(PLAIN.changed(username=name) for name in names))
    store.compact()
    old = msgspec.json.decode((files_of(6) / "accounts.json").read_bytes())["accounts"][ADA]
    factor = b',"second_factor":%b}' % msgspec.json.encode(old["second_factor"])
    text = path.read_bytes().replace(b'"schema":%d' % SCHEMA, b'"schema":6')
    text = text.replace(b'"created_at":1.0}', b'"created_at":1.0' + factor)
    start = text.index(b'",\n"schema"')
    digest = sha256(text[start:]).hexdigest().encode()
    write(path, text[: start - 64] + digest + text[start:])
    return {name: PLAIN.changed(username=name, second_factor=one_device(FULL)) for name in names}


@pytest.mark.parametrize("block", [None, 512])
def test_only_what_is_read_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int | None
) -> None:
    """An upgraded store opens as quickly as any other."""
    path = tmp_path / "accounts.json"
    accounts = with_many(path)
    if block is not None:
        monkeypatch.setattr("cwtui.store.base.BLOCK", block)
        monkeypatch.setattr("cwtui.store.schema_6.BLOCK", block)
    migrated: list[bytes] = []
    change = schema_6._changed

    def counted(document: bytes, how: Any) -> bytes:
        migrated.append(document)
        return change(document, how)

    monkeypatch.setattr(schema_6, "_changed", counted)
    store = TinyAccountStore(path)
    assert store.get("user-150") == accounts["user-150"]
    assert store.count(ALL_ACCOUNTS) == 300
    assert len(migrated) <= 2
    last = store.page(ALL_ACCOUNTS, Sort("username", is_descending=True), limit=2)
    assert [row.username for row in last] == ["user-299", "user-298"]
    assert store.all() == accounts
    store.verify()
    with store.change() as other:
        other.put(LDAP)
    after = TinyAccountStore(path)
    assert after.all() == accounts | {LDAP.username: LDAP}
    after.verify()
    assert b'"schema":%d' % SCHEMA in path.read_bytes()
