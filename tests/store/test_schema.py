"""An older file is read, and kept as it was when it is first written anew (DESIGN 4.8)."""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.errors import AccountsError, StoreDamaged
from cwtui.accounts.model import Account
from cwtui.store import schema_1, schema_3
from cwtui.store.accounts import TinyAccountStore
from tests.store.samples import BCRYPT, FULL, LDAP, PLAIN, SETTINGS

OTHER = BCRYPT[:-1] + "j"


def schema_1_file(path: Path, hashes: list[str]) -> bytes:
    """As version 1 wrote it."""
    with TinyAccountStore.create(path).change() as change:
        change.put(PLAIN, FULL)
        change.put_settings(SETTINGS)
    content: dict[str, Any] = json.loads(path.read_bytes())
    codes = content["accounts"][FULL.username]["second_factor"]["backup_codes"]
    del codes["salt"]
    codes["hashes"] = hashes
    del content["keys"]
    content["meta"] = {"schema": 1}
    path.write_text(json.dumps(content), "utf-8")
    return path.read_bytes()


def account(path: Path) -> Account | None:
    return TinyAccountStore(path).get(FULL.username)


def test_the_salt_of_backup_codes_is_set_apart(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    schema_1_file(file, [BCRYPT, OTHER])
    assert account(file) == FULL
    assert TinyAccountStore(file).get("bob") == PLAIN
    assert TinyAccountStore(file).settings() == SETTINGS


def test_the_keys_that_its_accounts_are_under_are_needed(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    schema_1_file(file, [BCRYPT])
    content: dict[str, Any] = json.loads(file.read_bytes())
    content["accounts"][FULL.username]["password"]["key"] = "k0"
    content["accounts"][FULL.username]["second_factor"]["backup_codes"]["key"] = "k2"
    file.write_text(json.dumps(content), "utf-8")
    store = TinyAccountStore(file)
    assert store.needed_keys() == {"k0", "k1", "k2"}
    with store.change() as change:
        change.put(PLAIN)
    assert TinyAccountStore(file).needed_keys() == {"k0", "k1", "k2"}


def test_a_set_that_was_used_up_is_one_still(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    schema_1_file(file, [])
    found = account(file)
    assert found is not None
    assert found.second_factor is not None
    assert found.second_factor.backup_codes.hashes == ()


def test_the_old_file_is_kept_when_the_first_change_is_written(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    before = schema_1_file(file, [BCRYPT, OTHER])
    store = TinyAccountStore(file)
    assert store.get("bob") == PLAIN
    assert file.read_bytes() == before
    with store.change() as change:
        change.put(PLAIN.changed(display_name="Bob"))
    kept = tmp_path / "accounts.json.schema-1"
    assert kept.read_bytes() == before
    assert kept.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_bytes())["meta"]["schema"] == 4
    assert account(file) == FULL
    with store.change() as change:
        change.put(PLAIN)
    assert kept.read_bytes() == before


def test_a_change_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    before = schema_1_file(file, [BCRYPT])
    with pytest.raises(ZeroDivisionError), TinyAccountStore(file).change() as change:
        change.put(PLAIN.changed(display_name=str(1 // 0)))
    assert file.read_bytes() == before
    assert not (tmp_path / "accounts.json.schema-1").exists()


@pytest.mark.parametrize("hashes", [["short"], [1], "no list", [BCRYPT, "$2b$12$short"]])
def test_damage_in_an_old_file_is_named(tmp_path: Path, hashes: Any) -> None:
    file = tmp_path / "accounts.json"
    schema_1_file(file, hashes)
    with pytest.raises(StoreDamaged, match="ada@plant-7"):
        account(file)


@given(st.binary())
def test_whatever_an_old_document_holds_is_left_for_decoding(document: bytes) -> None:
    from msgspec import Raw

    tables = {"accounts": {"ada": Raw(document)}}
    changed = schema_1.as_schema_2(tables)["accounts"]["ada"]
    assert changed is tables["accounts"]["ada"] or "second_factor" in changed


# Schema 3


def schema_3_file(path: Path) -> bytes:
    """As version 3 wrote it: one id, without the name of its attribute."""
    with TinyAccountStore.create(path).change() as change:
        change.put(PLAIN, LDAP.changed(moved=None))
    content = path.read_bytes()
    uuid = LDAP.directory_ids["entryUUID"].encode()
    old = re.sub(rb'"directory_ids":\{[^}]*\}', b'"directory_id":"%b"' % uuid, content)
    head = re.compile(rb'"schema":4,\n"sha256":"[0-9a-f]{64}"\n\}')
    rest = old[head.search(old).end() :]  # type: ignore[union-attr]
    digest = sha256(b"3" + rest).hexdigest().encode()
    path.write_bytes(head.sub(b'"schema":3,\n"sha256":"%b"\n}' % digest, old))
    return path.read_bytes()


def test_an_id_of_schema_3_is_one_of_an_unknown_attribute(tmp_path: Path) -> None:
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


def test_damage_in_a_file_of_schema_3_is_named(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    content = schema_3_file(file)
    file.write_bytes(re.sub(rb'"directory_id":"[^"]*"', b'"directory_id":["x"]', content))
    with pytest.raises(StoreDamaged, match="directory_ids"):
        TinyAccountStore(file).get(LDAP.username)


@given(st.binary())
def test_whatever_a_document_of_schema_3_holds_is_left_for_decoding(document: bytes) -> None:
    from msgspec import Raw

    for content in (document, b'{"directory_id":' + document + b"}"):
        tables = {"accounts": {"ada": Raw(content)}}
        changed = schema_3.as_schema_4(tables)["accounts"]["ada"]
        assert changed is tables["accounts"]["ada"] or "directory_id" not in changed


# The checksum


def test_a_file_is_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    store = TinyAccountStore.create(file)
    with store.change() as change:
        change.put(FULL, PLAIN)
    store.verify()


def test_every_changed_byte_is_found(tmp_path: Path) -> None:
    """Also a digit of a time, which reads as well as the one before."""
    file = tmp_path / "accounts.json"
    with TinyAccountStore.create(file).change() as change:
        change.put(PLAIN)
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


@pytest.mark.parametrize("schema", [2, 3])
def test_a_file_of_schema_2_or_3_differs_in_its_checksum_only(tmp_path: Path, schema: int) -> None:
    file = tmp_path / "accounts.json"
    store = TinyAccountStore.create(file)
    with store.change() as change:
        change.put(FULL)
    content = file.read_bytes()
    head = re.compile(rb'"schema":4,\n"sha256":"[0-9a-f]{64}"\n\}')
    rest = content[head.search(content).end() :]  # type: ignore[union-attr]
    number = b"" if schema == 2 else b"%d" % schema
    digest = sha256(number + rest).hexdigest().encode()
    file.write_bytes(head.sub(b'"schema":%d,\n"sha256":"%b"\n}' % (schema, digest), content))
    old = TinyAccountStore(file)
    old.verify()
    assert old.get(FULL.username) == FULL
    with old.change() as change:
        change.put(PLAIN)
    assert (tmp_path / f"accounts.json.schema-{schema}").exists()
    old.verify()


def test_an_old_file_has_no_checksum(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    schema_1_file(file, [BCRYPT])
    TinyAccountStore(file).verify()
