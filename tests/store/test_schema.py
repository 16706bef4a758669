"""An older file is read, and a copy is kept when it is first rewritten (DESIGN 4.8)."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from cwtui.accounts.errors import AccountsError, StoreDamaged, StoreTooOld
from cwtui.accounts.preferences import Preferences, Theme
from cwtui.store import schema_3
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.base import SCHEMA
from tests.store.samples import FULL, LDAP, PLAIN, SETTINGS
from tests.store.table_files import as_old_file, old_content

HEAD = re.compile(rb'"schema":\d,\n"sha256":"[0-9a-f]{64}"\n\}')


def schema_3_file(path: Path) -> bytes:
    """A file as schema 3 stored it: one id without its attribute name."""
    with TinyAccountStore.create(path).change() as change:
        change.put(PLAIN, LDAP.changed(moved=None))
    content = as_old_file(path, 3)
    uuid = LDAP.directory_ids["entryUUID"].encode()
    changed = re.sub(rb'"directory_ids":\{[^}]*\}', b'"directory_id":"%b"' % uuid, content)
    tables = msgspec.json.decode(changed, type=dict[str, dict[str, Raw]])
    del tables["meta"]
    path.write_bytes(old_content(tables, 3))
    return path.read_bytes()


def test_a_schema_3_id_has_no_attribute_name(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    before = schema_3_file(file)
    store = TinyAccountStore(file)
    store.verify()
    found = store.get(LDAP.username)
    uuid = LDAP.directory_ids["entryUUID"]
    assert found == LDAP.changed(directory_ids={"": uuid}, moved=None)
    assert store.get("bob") == PLAIN
    assert store.of_person({"entryUUID": uuid}) == [found]
    assert file.read_bytes() == before
    with store.change() as change:
        change.put(PLAIN.changed(display_name="Bob"))
    assert (tmp_path / "accounts.json.schema-3").read_bytes() == before
    assert TinyAccountStore(file).get(LDAP.username) == found
    TinyAccountStore(file).verify()


def test_an_account_of_schema_4_has_the_default_preferences(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    with TinyAccountStore.create(file).change() as change:
        change.put(PLAIN)
    before = as_old_file(file, 4)
    store = TinyAccountStore(file)
    store.verify()
    assert store.get("bob") == PLAIN
    assert PLAIN.preferences == Preferences(Theme.AUTOMATIC, "", mouse=True)
    with store.change() as change:
        change.put(PLAIN.changed(preferences=FULL.preferences))
    assert (tmp_path / "accounts.json.schema-4").read_bytes() == before
    assert TinyAccountStore(file).get("bob") == PLAIN.changed(preferences=FULL.preferences)


@pytest.mark.parametrize(
    "damage",
    [
        b'"time_zone":"../../etc/passwd"',
        b'"time_zone":"' + b"A" * 65 + b'"',
        b'"theme":"pink"',
        b'"language":"fr"',
    ],
)
def test_preferences_that_nobody_can_choose_are_damage(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "accounts.json"
    with TinyAccountStore.create(file).change() as change:
        change.put(PLAIN.changed(preferences=Preferences(mouse=False)))
    TinyAccountStore(file).compact()
    content = file.read_bytes()
    assert b'"mouse":false' in content
    file.write_bytes(content.replace(b'"mouse":false', damage))
    with pytest.raises(StoreDamaged, match="preferences"):
        TinyAccountStore(file).get("bob")


def test_damage_in_a_schema_3_file_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    content = schema_3_file(file)
    file.write_bytes(re.sub(rb'"directory_id":"[^"]*"', b'"directory_id":["x"]', content))
    with pytest.raises(StoreDamaged, match="directory_ids"):
        TinyAccountStore(file).get(LDAP.username)


@given(st.binary())
def test_any_schema_3_document_is_left_to_the_decoder(document: bytes) -> None:
    for content in (document, b'{"directory_id":' + document + b"}"):
        tables = {"accounts": {"ada": content}}
        changed = schema_3.as_schema_4(tables)["accounts"]["ada"]
        assert changed is content or b'"directory_id":' not in changed


def test_schema_2_and_3_files_differ_only_in_the_checksum(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    with TinyAccountStore.create(file).change() as change:
        change.put(FULL)
        change.put_settings(SETTINGS)
    as_old_file(file, 3)
    store = TinyAccountStore(file)
    store.verify()
    assert store.get(FULL.username) == FULL
    assert store.settings() == SETTINGS


def test_the_old_file_is_kept_at_the_first_change(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    before = schema_3_file(file)
    store = TinyAccountStore(file)
    with store.change() as change:
        change.put(PLAIN.changed(display_name="Bob"))
    kept = tmp_path / "accounts.json.schema-3"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_bytes())["meta"]["schema"] == SCHEMA
    with store.change() as change:
        change.put(PLAIN)
    assert kept.read_bytes() == before


def test_an_old_file_may_be_laid_out_on_many_lines(tmp_path: Path) -> None:
    """By an editor or a script; the new file has one line for each document."""
    file = tmp_path / "accounts.json"
    with TinyAccountStore.create(file).change() as change:
        change.put(FULL, PLAIN)
    as_old_file(file, 5)
    file.write_text(json.dumps(json.loads(file.read_bytes()), indent=2))
    with TinyAccountStore(file).change() as change:
        change.put(LDAP)
    assert TinyAccountStore(file).all() == {one.username: one for one in (FULL, PLAIN, LDAP)}
    TinyAccountStore(file).verify()


def test_a_failed_change_keeps_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    before = schema_3_file(file)
    with pytest.raises(ZeroDivisionError), TinyAccountStore(file).change() as change:
        change.put(PLAIN.changed(display_name=str(1 // 0)))
    assert file.read_bytes() == before
    assert not (tmp_path / "accounts.json.schema-3").exists()


@pytest.mark.parametrize("schema", [1, 2])
def test_a_schema_from_before_the_first_release_is_refused(tmp_path: Path, schema: int) -> None:
    """It had no checksum, or one that did not cover the schema's number."""
    file = tmp_path / "accounts.json"
    tables = msgspec.json.decode(schema_3_file(file), type=dict[str, dict[str, Raw]])
    del tables["meta"]
    before = old_content(tables, schema)
    file.write_bytes(before)
    store = TinyAccountStore(file)
    for look in (store.names, store.verify):
        with pytest.raises(StoreTooOld) as refused:
            look()
        assert str(refused.value) == (
            f"{file} has schema {schema}, which no release of cwtui wrote. This version reads "
            "schemas from 3 on. Restore the store from a backup."
        )
    with pytest.raises(StoreTooOld), store.change() as change:
        change.put(PLAIN)
    assert file.read_bytes() == before
    assert list(tmp_path.glob("*.schema-*")) == []


# The checksum


def test_an_untouched_file_matches_its_checksum(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    store = TinyAccountStore.create(file)
    with store.change() as change:
        change.put(FULL, PLAIN)
    store.verify()


def test_every_changed_byte_is_found(tmp_path: Path) -> None:
    """Even a changed digit in a time, which is still valid JSON."""
    file = tmp_path / "accounts.json"
    with TinyAccountStore.create(file).change() as change:
        change.put(PLAIN)
    TinyAccountStore(file).compact()
    content = file.read_bytes()
    unnoticed = []
    for at in range(len(content)):
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        try:
            TinyAccountStore(file).verify()
        except AccountsError:
            continue
        unnoticed.append(at)
    assert unnoticed == []


@pytest.mark.parametrize("schema", [3, 4, 5])
def test_a_file_without_a_checksum_is_damaged(tmp_path: Path, schema: int) -> None:
    file = tmp_path / "accounts.json"
    with TinyAccountStore.create(file).change() as change:
        change.put(PLAIN)
    file.write_bytes(HEAD.sub(b'"schema":%d\n}' % schema, as_old_file(file, schema)))
    with pytest.raises(StoreDamaged, match="the checksum does not match the content"):
        TinyAccountStore(file).verify()


def test_the_checksum_is_of_the_schema_too(tmp_path: Path) -> None:
    """Else a file could be made one of an older schema, and read with other rules."""
    file = tmp_path / "accounts.json"
    with TinyAccountStore.create(file).change() as change:
        change.put(PLAIN)
    file.write_bytes(as_old_file(file, 5).replace(b'"schema":5', b'"schema":3'))
    with pytest.raises(StoreDamaged, match="the checksum does not match the content"):
        TinyAccountStore(file).verify()
