"""A store check reports each problem once, writes nothing, and tolerates other writers."""

import fcntl
import os
import shutil
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from cwtui import maintenance
from cwtui.accounts import administration
from cwtui.accounts.text import visible
from cwtui.accounts.upkeep.findings import Severity
from cwtui.config import CREDENTIALS_VARIABLE, Config, KeyringConfig
from cwtui.host import reserve
from cwtui.host.files import check_private
from cwtui.host.locks import lock_of, undisturbed
from cwtui.store import checking
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import TinyRecordStore, number_of
from tests.accounts.steps import at_step
from tests.accounts.world import OPERATOR
from tests.durability.saves import connected, unwatched
from tests.store.checked import findings, left_over, put, replace_key, wrong_type


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


# Beside other writers


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


# Each problem once


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
