"""The parts put together: what is made, what is refused, and that first starts do not collide."""

import dataclasses
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from cwtui import reserve, services
from cwtui.accounts import administration, keys, recovery, sign_in
from cwtui.accounts.errors import (
    CannotCheck,
    KeyringMissing,
    Refused,
    StoreDamaged,
    StoreExposed,
    StoreTooNew,
)
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.config import AuditConfig, Config, KeyringConfig, StoreConfig
from cwtui.keyring import FileKeyring
from cwtui.services import NoStoreYet
from tests.accounts.world import HERE, OPERATOR, PASSWORD

SECRET = Secret(PASSWORD)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        store=StoreConfig(str(tmp_path / "data")),
        keyring=KeyringConfig(str(tmp_path / "keys" / "keyring.json")),
    )


def quick(ports: Ports) -> Ports:
    return dataclasses.replace(ports, bcrypt_cost=4)


@pytest.fixture
def ports(config: Config) -> Ports:
    """A store with its first administrator."""
    made = quick(services.create(config))
    administration.create_first_admin(made, "ada", SECRET, SECRET, OPERATOR)
    return made


def test_everything_that_is_made_is_private(config: Config, ports: Ports) -> None:
    """DESIGN 4.7: 0700 folders, 0600 files, of all that is kept."""
    sign_in.with_password(ports, "ada", SECRET, HERE)
    folders = [config.folder, config.records_folder, config.keyring_file.parent]
    for folder in folders:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.iterdir():
            if path not in folders:
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert config.accounts_file.exists()
    assert config.audit_file.exists()
    assert config.keyring_file.exists()


def test_a_store_that_was_created_is_connected_to(config: Config, ports: Ports) -> None:
    again = quick(services.connect(config))
    state = sign_in.with_password(again, "ada", SECRET, HERE)
    assert isinstance(state, sign_in.SignedIn)
    assert quick(services.create(config)).accounts.get("ada") == ports.accounts.get("ada")


def test_the_audit_log_is_rotated_as_the_configuration_says(config: Config, ports: Ports) -> None:
    assert not ports.accounts.is_empty()
    small = replace(config, audit=AuditConfig(max_megabytes=1, keep_files=1))
    for number in range(1, 4):
        with config.audit_file.open("ab") as log:
            log.write(b"x" * (1_000_000 - config.audit_file.stat().st_size))
        administration.unlock(services.connect(small), OPERATOR, "ada")
        rotated = [path.name for path in config.folder.glob("audit-*")]
        assert rotated == [f"audit-{number:06d}.jsonl"]


def test_a_store_without_reserve_gets_one_at_the_next_start(config: Config, ports: Ports) -> None:
    """It was made by an earlier version, or the disk was full."""
    del ports
    for folder in (config.folder, config.records_folder):
        (folder / reserve.NAME).unlink(missing_ok=True)
    services.connect(config)
    for folder in (config.folder, config.records_folder):
        assert reserve.size_in(folder) >= reserve.MARGIN


def test_nothing_was_set_up(config: Config) -> None:
    with pytest.raises(NoStoreYet) as missing:
        services.connect(config)
    assert str(missing.value) == (
        f"There is no account in {config.folder} yet. If there should be, this is another user, or "
        "--config is missing: see cwtui --paths. To begin: cwtui, or cwtui init --admin NAME"
    )
    assert not config.folder.exists()
    assert not config.keyring_file.parent.exists()


def test_a_lost_keyring_is_not_replaced_by_a_new_one(config: Config, ports: Ports) -> None:
    """DESIGN 4.10: a new keyring would lock everybody out for good."""
    assert not ports.accounts.is_empty()
    config.keyring_file.unlink()
    for start in (services.connect, services.create):
        with pytest.raises(KeyringMissing):
            start(config)
        assert not config.keyring_file.exists()


def test_a_keyring_without_a_store_is_kept(config: Config) -> None:
    made = FileKeyring.create(config.keyring_file, 1.0)
    assert services.create(config).keyring.active == made.active


def test_a_key_that_nothing_is_protected_by_may_be_lacking(config: Config, ports: Ports) -> None:
    """It was retired after the backup from which the store came back."""
    with ports.accounts.change() as change:
        change.put_needed_keys(change.needed_keys() | {"0" * 16})
    state = sign_in.with_password(quick(services.connect(config)), "ada", SECRET, HERE)
    assert isinstance(state, sign_in.SignedIn)
    with pytest.raises(Refused, match="holds every key that the store needs, so it stays"):
        services.with_new_keyring(config)


def test_the_keyring_of_another_store_lets_nobody_in(config: Config, ports: Ports) -> None:
    """DESIGN 4.10."""
    assert not ports.accounts.is_empty()
    needed = ports.keyring.active
    config.keyring_file.unlink()
    FileKeyring.create(config.keyring_file, 1.0)
    for start in (services.connect, services.create):
        with pytest.raises(KeyringMissing) as missing:
            start(config)
        assert str(missing.value) == (
            f"The store needs the key {needed}, which the keyring {config.keyring_file} does not "
            "hold. Put the keyring of this store back from your backup. If it is lost for good: "
            "cwtui init --admin NAME --new-keyring"
        )


@pytest.mark.parametrize("start", [services.connect, services.create], ids=lambda f: f.__name__)
@pytest.mark.parametrize("what", ["folder", "accounts", "records", "keyring"])
def test_whatever_others_can_reach_is_refused(
    config: Config, ports: Ports, what: str, start: object
) -> None:
    """DESIGN 4.7."""
    assert callable(start)
    assert not ports.accounts.is_empty()
    path = {
        "folder": config.folder,
        "accounts": config.accounts_file,
        "records": config.records_folder,
        "keyring": config.keyring_file,
    }[what]
    path.chmod(0o755)
    with pytest.raises(StoreExposed, match=str(path)):
        start(config)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_an_exposed_audit_log_stops_what_it_would_record(config: Config, ports: Ports) -> None:
    """DESIGN 4.7 and 4.10."""
    config.audit_file.chmod(0o644)
    with pytest.raises(StoreExposed):
        sign_in.with_password(ports, "ada", SECRET, HERE)
    assert ports.records.get("ada").last_sign_in is None


def test_damage_is_told_at_the_start(config: Config, ports: Ports) -> None:
    """DESIGN 4.8."""
    assert not ports.accounts.is_empty()
    config.accounts_file.write_bytes(b"{")
    for start in (services.connect, services.create):
        with pytest.raises(StoreDamaged):
            start(config)
    assert config.accounts_file.read_bytes() == b"{"


@pytest.mark.parametrize("name", ["x" * 5000, "file/below", "file"])
@pytest.mark.parametrize("which", ["store", "keyring"])
def test_paths_that_cannot_be(tmp_path: Path, config: Config, name: str, which: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = str(tmp_path / name)
    if which == "store":
        config = replace(config, store=StoreConfig(path))
    else:
        config = replace(config, keyring=KeyringConfig(f"{path}/keyring.json"))
    with pytest.raises(CannotCheck) as refused:
        services.create(config)
    assert "Nothing was changed" in str(refused.value)
    with pytest.raises(CannotCheck):
        services.connect(config)


FIRST_START = """
import sys
from cwtui import services
from cwtui.config import AuditConfig, Config, KeyringConfig, StoreConfig
config = Config(store=StoreConfig(sys.argv[1]), keyring=KeyringConfig(sys.argv[2]))
print("ready", flush=True)
sys.stdin.read()
print(services.create(config).keyring.active)
"""


def test_processes_that_start_first_at_once_end_with_one_keyring(config: Config) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_START, str(config.folder), str(config.keyring_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    ids = set()
    for process in started:
        with process:
            assert process.stdout is not None
            ids.add(process.stdout.read().strip())
        assert process.returncode == 0
    assert ids == {json.loads(config.keyring_file.read_bytes())["active"]}


def test_a_store_whose_accounts_are_missing_is_not_taken_for_a_new_one(
    config: Config, ports: Ports
) -> None:
    """DESIGN 4.10: whoever comes first must not become its administrator."""
    del ports
    assert not config.is_pristine()
    config.accounts_file.rename(config.folder / "accounts.json.broken")
    assert not config.is_pristine()
    with pytest.raises(NoStoreYet, match="but not their audit log"):
        services.connect(config)


def test_a_store_that_cannot_be_seen_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    config = Config(store=StoreConfig(str(tmp_path / ("x" * 300))))
    assert not config.is_pristine()


def test_a_keyring_in_a_folder_that_others_can_reach_is_refused(
    config: Config, ports: Ports
) -> None:
    """DESIGN 4.7."""
    del ports
    config.keyring_file.parent.chmod(0o777)
    with pytest.raises(StoreExposed):
        services.connect(config)


# A keyring that is lost


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"material": "', b'"material": "AA'))


def of_another_store(path: Path) -> None:
    path.unlink()
    FileKeyring.create(path, 1.0)


LOST: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "damaged": damage,
    "of another store": of_another_store,
}


@pytest.mark.parametrize("how", LOST)
def test_a_lost_keyring_is_replaced_when_asked_for(config: Config, ports: Ports, how: str) -> None:
    del ports
    LOST[how](config.keyring_file)
    lost = config.keyring_file.read_bytes() if config.keyring_file.exists() else None
    assert services.without_keyring(config).get("ada") is not None
    recovery.recover_admin(quick(services.with_new_keyring(config)), OPERATOR, "ada", SECRET)
    again = quick(services.connect(config))
    state = sign_in.with_password(again, "ada", SECRET, HERE)
    assert isinstance(state, sign_in.NewPasswordNeeded)
    kept = [path.read_bytes() for path in config.keyring_file.parent.glob("*.lost-*")]
    assert kept == ([lost] if lost is not None else [])


def test_a_keyring_that_is_not_lost_stays(config: Config, ports: Ports) -> None:
    del ports
    before = config.keyring_file.read_bytes()
    for attempt in (services.without_keyring, services.with_new_keyring):
        with pytest.raises(Refused, match="so it stays"):
            attempt(config)
    assert config.keyring_file.read_bytes() == before


@pytest.mark.parametrize("how", ["exposed", "newer"])
def test_a_keyring_that_can_be_mended_stays(config: Config, ports: Ports, how: str) -> None:
    del ports
    if how == "exposed":
        config.keyring_file.chmod(0o644)
    else:
        config.keyring_file.write_text('{"schema": 2}')
    before = config.keyring_file.read_bytes()
    for attempt in (services.without_keyring, services.with_new_keyring):
        with pytest.raises((StoreExposed, StoreTooNew)):
            attempt(config)
    assert config.keyring_file.read_bytes() == before


def test_until_an_admin_is_let_in_the_store_stays_closed(config: Config, ports: Ports) -> None:
    """DESIGN 4.10: killed between the two, it is done again."""
    del ports
    config.keyring_file.unlink()
    services.with_new_keyring(config)
    with pytest.raises(KeyringMissing):
        services.connect(config)
    recovery.recover_admin(quick(services.with_new_keyring(config)), OPERATOR, "ada")
    services.connect(config)


def test_without_a_store_no_keyring_is_lost(config: Config) -> None:
    for attempt in (services.without_keyring, services.with_new_keyring):
        with pytest.raises(NoStoreYet):
            attempt(config)
    assert not config.keyring_file.exists()


# A credential of systemd


@pytest.fixture
def credential(config: Config, ports: Ports, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The keyring of the store, given by systemd."""
    del ports
    folder = config.keyring_file.parent
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    config.keyring_file.rename(folder / "cwtui-keyring").chmod(0o440)
    folder.chmod(0o550)
    return replace(config, keyring=KeyringConfig(credential="cwtui-keyring"))


@pytest.mark.parametrize("start", [services.connect, services.create], ids=lambda f: f.__name__)
def test_a_credential_opens_the_store(credential: Config, start: object) -> None:
    assert callable(start)
    ports = quick(start(credential))
    assert isinstance(sign_in.with_password(ports, "ada", SECRET, HERE), sign_in.SignedIn)
    names = {path.name for path in credential.keyring_file.parent.iterdir()}
    assert names <= {"cwtui-keyring", ".keyring.json.lock", reserve.NAME}


def test_a_credential_is_neither_made_nor_rotated_nor_given_up(credential: Config) -> None:
    ports = services.connect(credential)
    acts: list[Callable[[], object]] = [
        lambda: keys.rotate(ports, OPERATOR, lambda *_: None),
        lambda: keys.retire(ports, OPERATOR),
        lambda: services.without_keyring(credential),
    ]
    for act in acts:
        with pytest.raises(Refused, match="credential, which only systemd writes"):
            act()
    credential.keyring_file.unlink()
    with pytest.raises(KeyringMissing):
        services.create(credential)
    with pytest.raises(Refused):
        services.with_new_keyring(credential)
