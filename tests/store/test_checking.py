"""A store check reports each problem once, writes nothing, and tolerates other writers."""

import fcntl
import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from cwtui import maintenance
from cwtui.accounts import administration, roles
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.text import visible
from cwtui.accounts.upkeep.findings import Finding, Severity
from cwtui.config import CREDENTIALS_VARIABLE, Config, KeyringConfig
from cwtui.host import reserve
from cwtui.host.files import check_private
from cwtui.host.locks import lock_of, undisturbed
from cwtui.keyring.file_keyring import FileKeyring
from cwtui.store import checking
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import TinyRecordStore, number_of
from tests.accounts.steps import at_step
from tests.accounts.world import OPERATOR
from tests.durability.saves import config_in, connected, made_in, unwatched
from tests.store.table_files import journal_of


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    config, _ = made_in(folder)
    connected(config)
    return folder


@pytest.fixture
def config(template: Path, tmp_path: Path) -> Config:
    shutil.copytree(template, tmp_path / "host")
    return config_in(tmp_path / "host")


def findings(config: Config) -> list[Finding]:
    return maintenance.check(config, unwatched).findings


def put(config: Config, username: str, **fields: object) -> None:
    with TinyAccountStore(config.accounts_file).change() as change:
        account = change.get(username)
        assert account is not None
        change.put(account.changed(**fields))


def changed_in_file(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


def test_a_healthy_store_has_no_findings_and_is_unchanged(config: Config) -> None:
    def state() -> dict[str, tuple[int, int, bytes]]:
        return {
            str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
            for path in config.folder.parent.rglob("*")
            if path.is_file()
        }

    before = state()
    report = maintenance.check(config, unwatched)
    assert report == maintenance.Report([], accounts=3, records=1)
    assert state() == before


@pytest.mark.parametrize(
    "name",
    ["ADA", "?0001", "../../x", "a b\x07", "\u202eada", "-x", "ﬁn", " bob", "a\nb", "x" * 64],
)
def test_a_username_nobody_can_type_is_reported(config: Config, name: str) -> None:
    with TinyAccountStore(config.accounts_file).change() as change:
        bob = change.get("bob")
        assert bob is not None
        change.put(bob.changed(username=name))
    sentences = [finding.sentence for finding in findings(config)]
    if name == "x" * 64:
        assert sentences == []
        return
    assert len(sentences) == 1
    assert sentences[0].startswith(f"{visible(name)!r} is not a valid username")
    assert visible(sentences[0]) == sentences[0]
    administration.remove_user(connected(config), OPERATOR, name)
    assert findings(config) == []


@pytest.mark.parametrize("shown", ["Ada\x1b[31m", "\u202eAda", "a\nb", "x" * 101])
def test_an_unprintable_display_name_is_reported(config: Config, shown: str) -> None:
    put(config, "bob", display_name=shown)
    [finding] = findings(config)
    assert finding.sentence.startswith(
        "The display name of bob is too long or contains invalid characters"
    )
    assert visible(finding.sentence) == finding.sentence


def test_an_unprintable_issuer_is_reported(config: Config) -> None:
    with TinyAccountStore(config.accounts_file).change() as change:
        change.put_settings(replace(change.settings(), issuer="Connect\x1bware"))
    [finding] = findings(config)
    assert finding.sentence.startswith("The issuer is too long or contains invalid characters")


@pytest.mark.parametrize("name", ["?0001", "?" + "z" * 32, "../../x", "A\x1b"])
def test_a_record_under_an_impossible_name_is_reported(config: Config, name: str) -> None:
    store = TinyRecordStore(config.records_folder)
    store.put(number_of(name), {name: at_step(1)})
    [finding] = findings(config)
    assert f"contains a record of {visible(name)}, which has no account" in finding.sentence
    store.remove(name)
    store.put(number_of("?" + "a" * 32), {"?" + "a" * 32: at_step(1)})
    assert findings(config) == []


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


def wrong_type(config: Config) -> None:
    changed_in_file(config.accounts_file, b'"display_name":"Bob"', b'"display_name":5')


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
    half_restored: "was interrupted. Run it again: cwtui store restore FILE",
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


def left_over(config: Config) -> None:
    (config.records_folder / ".07.json.new").touch(mode=0o600)


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


def test_attempts_at_unknown_names_are_not_reported(config: Config) -> None:
    connected(config).records.update("?" + "3f2a" * 8, lambda _: (at_step(1), None))
    assert findings(config) == []


def test_an_event_being_written_is_not_reported(config: Config) -> None:
    with config.audit_file.open("ab") as file:
        file.write(b'{"at":"2027')
    assert findings(config) == []


def test_no_writer_replaces_a_temporary_file_while_it_is_checked(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_over(config)
    checked = []

    def check_under_the_lock(path: Path) -> None:
        if path.suffix == ".new":
            checked.append(path)
            with (
                lock_of(path.with_name(path.stem[1:])).open() as lock,
                pytest.raises(BlockingIOError),
            ):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        check_private(path)

    monkeypatch.setattr(checking, "check_private", check_under_the_lock)
    findings(config)
    assert len(checked) == 1


def test_a_file_still_held_by_a_writer_is_not_reported(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The temporary file is gone once its writer releases the lock."""
    path = config.records_folder / "07.json"
    temporary = path.with_name(".07.json.new")
    temporary.touch(mode=0o600)
    (config.records_folder / ".07.json.lock").touch(mode=0o600)

    def written_meanwhile(path: Path) -> object:
        temporary.unlink(missing_ok=True)
        return undisturbed(path)

    monkeypatch.setattr(checking, "undisturbed", written_meanwhile)
    assert findings(config) == []


def test_an_unreadable_store_has_its_own_severity(config: Config) -> None:
    tables = msgspec.json.decode(config.accounts_file.read_bytes())
    tables["meta"]["schema"] = 99
    config.accounts_file.write_bytes(msgspec.json.encode(tables))
    [found] = findings(config)
    assert found.severity is Severity.UNREADABLE
    assert "written by a newer version of cwtui" in found.sentence


def test_one_damaged_account_does_not_hide_another(config: Config) -> None:
    put(config, "bob", display_name="Bob")
    TinyAccountStore(config.accounts_file).compact()
    wrong_type(config)
    put(config, "alice", roles=("gardener",))
    text = " ".join(finding.sentence for finding in findings(config))
    assert "accounts 'bob'" in text
    assert "The account alice has an unknown role" in text


def test_a_missing_key_is_reported_once_for_all_accounts(config: Config) -> None:
    with TinyAccountStore(config.accounts_file).change() as change:
        ada = change.get("ada")
        assert ada is not None
        assert ada.password is not None
        old = replace_key(ada, "k-old")
        change.put(*(old.changed(username=f"u{number}") for number in range(30)))
    [found] = findings(config)
    assert "the key k-old, which u0, u1, u10, " in found.sentence
    assert ", u26 and 10 more cannot sign in without" in found.sentence


def replace_key(account: Account, key: str) -> Account:
    assert account.password is not None
    return account.changed(password=msgspec.structs.replace(account.password, key=key))


def test_a_systemd_credential_is_checked_in_its_own_way(
    config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It has its own file mode and does not exist outside its unit."""
    shutil.copy(config.keyring_file, tmp_path / "cwtui-keyring")
    (tmp_path / "cwtui-keyring").chmod(0o440)
    given = msgspec.structs.replace(config, keyring=KeyringConfig(credential="cwtui-keyring"))
    monkeypatch.setenv(CREDENTIALS_VARIABLE, str(tmp_path))
    assert findings(given) == []
    monkeypatch.delenv(CREDENTIALS_VARIABLE)
    [found] = findings(given)
    assert (found.severity, found.where) == (Severity.DAMAGE, "keyring")
    assert "this process has no credentials" in found.sentence


def test_a_reserve_slightly_too_small_is_not_reported(config: Config) -> None:
    os.truncate(config.folder / reserve.NAME, reserve.MARGIN // 2 + 100_000)
    assert findings(config) == []
