"""Setting up and connecting: what is created, what is refused, and concurrent first starts."""

import dataclasses
import json
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from cwtui import installation, services
from cwtui.accounts import administration, recovery, sign_in
from cwtui.accounts.errors import (
    CannotCheck,
    KeyringMissing,
    Refused,
    StoreDamaged,
    StoreExposed,
    StoreMissing,
    StoreTooNew,
)
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.config import AuditConfig, Config, KeyringConfig, StoreConfig
from cwtui.host import reserve
from cwtui.keyring.file_keyring import FileKeyring
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD

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
    """A store with its first admin."""
    made = quick(services.create(config))
    administration.create_first_admin(made, "ada", SECRET, SECRET, OPERATOR)
    return made


def test_all_created_files_and_folders_are_private(config: Config, ports: Ports) -> None:
    """DESIGN 4.7: folders have mode 0700, files 0600."""
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


def test_connecting_opens_the_created_store(config: Config, ports: Ports) -> None:
    again = quick(services.connect(config))
    state = sign_in.with_password(again, "ada", SECRET, HERE)
    assert isinstance(state, sign_in.SignedIn)
    assert quick(services.create(config)).accounts.get("ada") == ports.accounts.get("ada")


def test_the_hosts_own_time_zone_is_used(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        there = ports.local_time(NOW)
    time.tzset()
    assert there.isoformat() == "2027-01-15T13:30:00+05:30"


def test_the_audit_log_is_rotated_as_configured(config: Config, ports: Ports) -> None:
    assert not ports.accounts.is_empty()
    small = replace(config, audit=AuditConfig(max_megabytes=1, keep_files=1))
    for number in range(1, 4):
        with config.audit_file.open("ab") as log:
            log.write(b"x" * (1_000_000 - config.audit_file.stat().st_size))
        administration.unlock(services.connect(small), OPERATOR, "ada")
        rotated = [path.name for path in config.folder.glob("audit-*")]
        assert rotated == [f"audit-{number:06d}.jsonl"]


def test_a_missing_reserve_is_created_at_the_next_start(config: Config, ports: Ports) -> None:
    """The disk was full when it was made."""
    del ports
    for folder in (config.folder, config.records_folder):
        (folder / reserve.NAME).unlink(missing_ok=True)
    services.connect(config)
    for folder in (config.folder, config.records_folder):
        assert reserve.size_in(folder) >= reserve.MARGIN


def test_connecting_before_setup_is_explained(config: Config) -> None:
    with pytest.raises(StoreMissing) as missing:
        services.connect(config)
    assert str(missing.value) == (
        f"There is no store in {config.folder}. If it is on another disk, mount that disk. If "
        "this is the wrong folder, see: cwtui --paths. To set up a new store here: "
        "cwtui init --admin NAME"
    )
    assert not config.folder.exists()
    assert not config.keyring_file.parent.exists()


def test_a_lost_keyring_is_not_silently_replaced(config: Config, ports: Ports) -> None:
    """DESIGN 4.10: a new keyring would lock everybody out for good."""
    assert not ports.accounts.is_empty()
    config.keyring_file.unlink()
    for start in (services.connect, services.create):
        with pytest.raises(KeyringMissing):
            start(config)
        assert not config.keyring_file.exists()


@pytest.mark.parametrize("start", [services.connect, services.create], ids=lambda f: f.__name__)
def test_a_keyring_without_a_store_is_not_a_new_installation(
    config: Config, start: Callable[[Config], Ports]
) -> None:
    """DESIGN 4.7: the disk of the store may not be mounted."""
    FileKeyring.create(config.keyring_file, 1.0)
    with pytest.raises(StoreMissing, match=r"no store in .*, but there is a keyring: "):
        start(config)
    assert not config.folder.exists()


def test_a_key_that_protects_nothing_may_be_missing(config: Config, ports: Ports) -> None:
    """It was retired after the backup from which the store came back."""
    with ports.accounts.change() as change:
        change.put_needed_keys(change.needed_keys() | {"0" * 16})
    state = sign_in.with_password(quick(services.connect(config)), "ada", SECRET, HERE)
    assert isinstance(state, sign_in.SignedIn)
    with pytest.raises(Refused, match="has every key that the store needs, so it was kept"):
        services.with_new_keyring(config)


def test_the_keyring_of_another_store_is_refused(config: Config, ports: Ports) -> None:
    """DESIGN 4.10."""
    assert not ports.accounts.is_empty()
    needed = ports.keyring.active
    config.keyring_file.unlink()
    FileKeyring.create(config.keyring_file, 1.0)
    for start in (services.connect, services.create):
        with pytest.raises(KeyringMissing) as missing:
            start(config)
        assert str(missing.value) == (
            f"The keyring {config.keyring_file} lacks the key {needed}, which the store needs. "
            "Restore the keyring of this store from your backup. If it is lost for good: "
            "cwtui init --admin NAME --new-keyring"
        )


@pytest.mark.parametrize("start", [services.connect, services.create], ids=lambda f: f.__name__)
@pytest.mark.parametrize("what", ["folder", "accounts", "records", "keyring"])
def test_files_accessible_to_others_are_refused(
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


def test_an_exposed_audit_log_blocks_actions_that_need_it(config: Config, ports: Ports) -> None:
    """DESIGN 4.7 and 4.10."""
    config.audit_file.chmod(0o644)
    with pytest.raises(StoreExposed):
        sign_in.with_password(ports, "ada", SECRET, HERE)
    assert ports.records.get("ada").last_sign_in is None


def test_damage_is_reported_at_the_start(config: Config, ports: Ports) -> None:
    """DESIGN 4.8."""
    assert not ports.accounts.is_empty()
    config.accounts_file.write_bytes(b"{")
    for start in (services.connect, services.create):
        with pytest.raises(StoreDamaged):
            start(config)
    assert config.accounts_file.read_bytes() == b"{"


@pytest.mark.parametrize("name", ["x" * 5000, "file/below", "file"])
@pytest.mark.parametrize("which", ["store", "keyring"])
def test_impossible_paths_are_refused(
    tmp_path: Path, config: Config, name: str, which: str
) -> None:
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
import time
from cwtui import services
from cwtui.config import AuditConfig, Config, KeyringConfig, StoreConfig
config = Config(store=StoreConfig(sys.argv[1]), keyring=KeyringConfig(sys.argv[2]))
print("ready", flush=True)
sys.stdin.read()
print(services.create(config).keyring.active)
"""


def test_concurrent_first_starts_end_with_one_keyring(config: Config) -> None:
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


def test_a_store_with_missing_accounts_is_not_taken_as_new(config: Config, ports: Ports) -> None:
    """DESIGN 4.10: the first to connect must not become its administrator."""
    del ports
    config.accounts_file.rename(config.folder / "accounts.json.broken")
    for start in (services.connect, services.create):
        with pytest.raises(StoreMissing, match="but other files of a store are there"):
            start(config)
    assert not config.accounts_file.exists()


# Whether the application may offer to create the first admin


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without a setup or a configured place."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_a_fresh_host_is_new(home: Path) -> None:
    assert installation.is_new(Config())
    Config().folder.mkdir(parents=True)
    assert installation.is_new(Config())
    assert {path.name for path in home.iterdir()} == {".local"}


def test_a_host_with_its_first_admin_is_not_new(home: Path) -> None:
    del home
    ports = quick(services.create(Config()))
    administration.create_first_admin(ports, "ada", SECRET, SECRET, OPERATOR)
    assert not installation.is_new(Config())


def test_without_a_home_folder_nothing_is_new(home: Path) -> None:
    home.rmdir()
    assert not installation.is_new(Config())


def touched(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(b"")


TRACES: dict[str, Callable[[Config], Path]] = {
    "accounts": lambda config: config.accounts_file,
    "audit log": lambda config: config.audit_file,
    "rotated audit log": lambda config: config.folder / "audit-000001.jsonl",
    "record": lambda config: config.records_folder / "07.json",
    "interrupted restore": lambda config: config.layout.marker,
    "keyring": lambda config: config.keyring_file,
}


@pytest.mark.parametrize("trace", TRACES)
def test_any_trace_of_a_store_means_it_is_not_new(home: Path, trace: str) -> None:
    """DESIGN 4.7: a store that vanished is never new."""
    del home
    touched(TRACES[trace](Config()))
    assert not installation.is_new(Config())
    with pytest.raises(CannotCheck):
        services.connect(Config())
    if trace != "accounts":
        with pytest.raises(CannotCheck):
            services.create(Config())
        assert not Config().accounts_file.exists()


@pytest.mark.parametrize(
    "named",
    [
        lambda home: Config(store=StoreConfig(str(home / "store"))),
        lambda home: Config(keyring=KeyringConfig(str(home / "keyring.json"))),
        lambda _: Config(keyring=KeyringConfig(credential="cwtui-keyring")),
    ],
    ids=["store", "keyring", "credential"],
)
def test_a_configured_place_is_not_new(home: Path, named: Callable[[Path], Config]) -> None:
    config = named(home)
    assert not installation.is_new(config)
    with pytest.raises(CannotCheck):
        services.connect(config)
    assert not list(home.iterdir())


def loop(path: Path) -> None:
    path.symlink_to(path)


CANNOT_BE_SEEN: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.write_bytes(b""),
    "a loop": loop,
}


@pytest.mark.parametrize("what", CANNOT_BE_SEEN)
def test_an_unreadable_place_is_not_new(home: Path, what: str) -> None:
    folder = Config().folder
    folder.parent.mkdir(parents=True)
    CANNOT_BE_SEEN[what](folder)
    assert not installation.is_new(Config())
    for start in (services.connect, services.create):
        with pytest.raises(CannotCheck, match="Nothing was changed"):
            start(Config())
    assert {path.name for path in home.iterdir()} == {".local"}


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_the_mount_point_of_a_missing_disk_stays_empty(
    config: Config, ports: Ports, mode: int
) -> None:
    """DESIGN 4.7."""
    del ports
    config.folder.rename(config.folder.with_name("disk"))
    config.folder.mkdir(mode)
    for start in (services.connect, services.connect_for_operator, services.create):
        with pytest.raises(StoreMissing, match="is on another disk, mount that disk"):
            start(config)
    assert not list(config.folder.iterdir())
    assert stat.S_IMODE(config.folder.stat().st_mode) == mode


def test_an_interrupted_setup_can_be_resumed(config: Config) -> None:
    services.create(config)
    for start in (services.connect, services.connect_for_operator):
        with pytest.raises(StoreMissing, match="Setup is not finished"):
            start(config)
    config.keyring_file.unlink()  # killed before it was made
    ports = quick(services.create(config))
    administration.create_first_admin(ports, "ada", SECRET, SECRET, OPERATOR)
    assert not services.connect(config).accounts.is_empty()


def test_a_store_without_its_records_folder_is_refused(config: Config, ports: Ports) -> None:
    """Used codes and failed attempts must not be forgotten silently."""
    del ports
    shutil.rmtree(config.records_folder)
    with pytest.raises(StoreMissing, match="To continue without it: mkdir -m 700 "):
        services.connect(config)
    assert not config.records_folder.exists()


def test_a_keyring_in_an_exposed_folder_is_refused(config: Config, ports: Ports) -> None:
    """DESIGN 4.7."""
    del ports
    config.keyring_file.parent.chmod(0o777)
    with pytest.raises(StoreExposed):
        services.connect(config)


# A lost keyring


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
def test_a_lost_keyring_is_replaced_on_request(config: Config, ports: Ports, how: str) -> None:
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


def test_a_keyring_that_is_not_lost_is_not_replaced(config: Config, ports: Ports) -> None:
    del ports
    before = config.keyring_file.read_bytes()
    for attempt in (services.without_keyring, services.with_new_keyring):
        with pytest.raises(Refused, match="so it was kept"):
            attempt(config)
    assert config.keyring_file.read_bytes() == before


@pytest.mark.parametrize("how", ["exposed", "newer"])
def test_a_repairable_keyring_is_not_replaced(config: Config, ports: Ports, how: str) -> None:
    del ports
    if how == "exposed":
        config.keyring_file.chmod(0o644)
    else:
        config.keyring_file.write_text('{"schema": 3}')
    before = config.keyring_file.read_bytes()
    for attempt in (services.without_keyring, services.with_new_keyring):
        with pytest.raises((StoreExposed, StoreTooNew)):
            attempt(config)
    assert config.keyring_file.read_bytes() == before


def test_the_store_stays_closed_until_an_admin_is_restored(config: Config, ports: Ports) -> None:
    """DESIGN 4.10: if killed between the two steps, it is repeated."""
    del ports
    config.keyring_file.unlink()
    services.with_new_keyring(config)
    with pytest.raises(KeyringMissing):
        services.connect(config)
    recovery.recover_admin(quick(services.with_new_keyring(config)), OPERATOR, "ada")
    services.connect(config)


def test_without_a_store_there_is_no_keyring_to_replace(config: Config) -> None:
    for attempt in (services.without_keyring, services.with_new_keyring):
        with pytest.raises(StoreMissing):
            attempt(config)
    assert not config.keyring_file.exists()


# A credential of systemd


@pytest.fixture
def credential(config: Config, ports: Ports, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The store's keyring, provided by systemd."""
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


def test_a_credential_is_never_created_rotated_or_replaced(credential: Config) -> None:
    ports = services.connect(credential)
    acts: list[Callable[[], object]] = [
        lambda: keys.rotate(ports, OPERATOR, lambda *_: None),
        lambda: keys.retire(ports, OPERATOR),
        lambda: services.without_keyring(credential),
    ]
    for act in acts:
        with pytest.raises(Refused, match="credential, which only systemd can write"):
            act()
    credential.keyring_file.unlink()
    with pytest.raises(KeyringMissing):
        services.create(credential)
    with pytest.raises(Refused):
        services.with_new_keyring(credential)
