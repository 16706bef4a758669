"""Every kind of damage, and every lesser problem, that a store check finds."""

import os
from collections.abc import Callable
from hashlib import sha256

import pytest

from cwtui.accounts import roles
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.upkeep.findings import Severity
from cwtui.config import Config
from cwtui.host import reserve
from cwtui.keyring.file_keyring import FileKeyring
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import TinyRecordStore, number_of
from tests.accounts.steps import at_step
from tests.durability.saves import connected
from tests.store.checked import changed_in_file, findings, left_over, put, replace_key, wrong_type
from tests.store.table_files import journal_of


def flip_a_digit(config: Config) -> None:
    """Still valid JSON; only the checksum shows it."""
    changed_in_file(config.accounts_file, b'"display_name":"Bob"', b'"display_name":"Bot"')


def flip_a_digit_of_the_journal(config: Config) -> None:
    changed_in_file(
        journal_of(config.accounts_file), b'"display_name":"Alice"', b'"display_name":"Alicf"'
    )


def no_journal(config: Config) -> None:
    journal_of(config.accounts_file).unlink()


def out_of_order(config: Config) -> None:
    """With a right checksum."""
    lines = config.accounts_file.read_bytes().split(b"\n")
    ada, alice = (
        next(at for at, line in enumerate(lines) if line.startswith(b'"%b":{' % name))
        for name in (b"ada", b"alice")
    )
    lines[ada], lines[alice] = lines[alice], lines[ada]
    text = b"\n".join(lines)
    start = text.index(b'",\n"schema"')
    digest = sha256(text[start:]).hexdigest().encode()
    config.accounts_file.write_bytes(text[: start - 64] + digest + text[start:])
    journal_of(config.accounts_file).write_bytes(b"")


def flip_a_digit_of_a_record(config: Config) -> None:
    records = TinyRecordStore(config.records_folder)
    records.compact(number_of("ada"))
    path = records.path(number_of("ada"))
    changed_in_file(path, b'"last_step":1', b'"last_step":2')


def other_key(config: Config) -> None:
    changed_in_file(config.accounts_file, b'"bob":{', b'"rob":{')


def unknown_role(config: Config) -> None:
    put(config, "bob", roles=("gardener",))


def no_admin(config: Config) -> None:
    put(config, "ada", roles=(roles.MINIMUM,))


def other_keyring(config: Config) -> None:
    FileKeyring.replace(config.keyring_file, 1.0)


def no_keyring(config: Config) -> None:
    config.keyring_file.unlink()


def moved_secret(config: Config) -> None:
    store = TinyAccountStore(config.accounts_file)
    alice = store.get("alice")
    assert alice is not None
    put(config, "bob", second_factor=alice.second_factor)


def damaged_settings(config: Config) -> None:
    path = config.accounts_file
    changed_in_file(path, b'"accounts":{', b'"settings":{"organization":{"mfa":1}},\n"accounts":{')


def misplaced_record(config: Config) -> None:
    store = TinyRecordStore(config.records_folder)
    number = number_of("bob")
    store.put(number, {"ada": SignInRecord()})


def exposed(config: Config) -> None:
    config.accounts_file.chmod(0o640)


def exposed_lock(config: Config) -> None:
    (config.folder / ".accounts.json.lock").chmod(0o644)


def exposed_keyring_folder(config: Config) -> None:
    config.keyring_file.parent.chmod(0o755)


def half_restored(config: Config) -> None:
    config.layout.marker.touch(mode=0o600)


def changed_event(config: Config) -> None:
    changed_in_file(config.audit_file, b'"subject":"bob"', b'"subject":"rob"')


def removed_event(config: Config) -> None:
    lines = config.audit_file.read_bytes().splitlines(keepends=True)
    config.audit_file.write_bytes(b"".join(lines[:-1]))


def cut_short(config: Config) -> None:
    content = config.accounts_file.read_bytes()
    config.accounts_file.write_bytes(content[: len(content) // 2])


DAMAGE: dict[Callable[[Config], None], str] = {
    flip_a_digit: "the checksum does not match the content",
    flip_a_digit_of_a_record: "the checksum does not match the content",
    wrong_type: "accounts 'bob': Expected `str`, got `int`",
    other_key: "accounts 'rob': it belongs to another account",
    unknown_role: "The account bob has an unknown role. There is no role named gardener.",
    no_admin: "There is no enabled local admin.",
    other_keyring: "cannot sign in without. Restore the keyring that belongs to this store",
    no_keyring: "is missing. Without it the store cannot be read.",
    moved_secret: "The MFA secret of bob was changed outside cwtui or belongs to another account.",
    damaged_settings: "settings 'organization': Expected `str`, got `int`",
    misplaced_record: "contains the record of ada, which belongs in another file.",
    exposed: "accounts.json. Check whether anyone did, then run: chmod 600 ",
    exposed_lock: ".accounts.json.lock. Check whether anyone did, then run: chmod 600 ",
    exposed_keyring_folder: "keys. Check whether anyone did, then run: chmod 700 ",
    half_restored: "partly new. Run it again: cwtui store restore FILE",
    changed_event: "was changed after it was written.",
    removed_event: "is missing at the end.",
    cut_short: "the end of the file is missing",
    flip_a_digit_of_the_journal: "journal is damaged at line 1: the checksum does not match",
    no_journal: "is missing, the journal of accounts.json.",
    out_of_order: "'ada' is not in order",
}


@pytest.mark.parametrize("spoil", DAMAGE, ids=lambda spoil: spoil.__name__)
def test_damage_is_reported_and_left_unchanged(
    config: Config, spoil: Callable[[Config], None]
) -> None:
    """DESIGN 4.8."""
    with TinyAccountStore(config.accounts_file).change() as change:
        bob = change.get("bob")
        assert bob is not None
        change.put(bob.changed(display_name="Bob"))
    TinyAccountStore(config.accounts_file).compact()
    put(config, "alice", display_name="Alice")
    spoil(config)
    before = {path: path.read_bytes() for path in config.folder.rglob("*") if path.is_file()}
    found = findings(config)
    assert any(
        DAMAGE[spoil] in finding.sentence and finding.severity is Severity.DAMAGE
        for finding in found
    ), found
    assert len({finding.sentence for finding in found}) == len(found)
    for path, content in before.items():
        assert path.read_bytes() == content


def record_of_nobody(config: Config) -> None:
    connected(config).records.update("eve", lambda _: (at_step(1), None))


def left_over_keyring(config: Config) -> None:
    config.keyring_file.with_name(".keyring.json.new").touch(mode=0o600)


def left_over_journal(config: Config) -> None:
    (config.folder / "accounts-000000001.journal").touch(mode=0o600)


def left_unpacked(config: Config) -> None:
    config.layout.staging.mkdir(mode=0o700)


def no_reserve(config: Config) -> None:
    os.truncate(config.folder / reserve.NAME, 0)


def torn_event(config: Config) -> None:
    with config.audit_file.open("ab") as file:
        file.write(b'{"half\n')


def lost_key(config: Config) -> None:
    """An account that has not been reset yet after `cwtui init --new-keyring`."""
    with TinyAccountStore(config.accounts_file).change() as change:
        bob = change.get("bob")
        assert bob is not None
        needed = change.needed_keys()
        change.put(replace_key(bob, "k-old"))
        change.put_needed_keys(needed)


WARNINGS: dict[Callable[[Config], None], str] = {
    record_of_nobody: "contains a record of eve, which has no account.",
    left_over: "sign-in/.07.json.new was left behind by a killed process.",
    left_over_keyring: ".keyring.json.new was left behind by a killed process.",
    left_over_journal: "accounts-000000001.journal was left behind by a killed process.",
    left_unpacked: ".restoring was left behind by a killed process.",
    no_reserve: "the disk is or was full. Free some space; the next write reserves it again.",
    lost_key: "The key k-old was given up as lost, and bob cannot sign in without it.",
    torn_event: "is not a complete event.",
}


@pytest.mark.parametrize("spoil", WARNINGS, ids=lambda spoil: spoil.__name__)
def test_lesser_problems_are_warnings(config: Config, spoil: Callable[[Config], None]) -> None:
    spoil(config)
    [found] = findings(config)
    assert found.severity is Severity.WARNING
    assert WARNINGS[spoil] in found.sentence
    assert found.where in found.sentence or found.where.startswith(str(config.folder))
