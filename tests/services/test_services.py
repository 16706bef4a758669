"""Setting up and connecting: what is created, what is refused, and concurrent first starts."""

import gc
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

from cwtui import services
from cwtui.accounts import administration, first_admin, sign_in
from cwtui.accounts.errors import (
    CannotCheck,
    KeyringMissing,
    Refused,
    StoreDamaged,
    StoreExposed,
    StoreMissing,
)
from cwtui.accounts.ports import Ports
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.accounts.updates import Update
from cwtui.config import AuditConfig, Config, KeyringConfig, StoreConfig
from cwtui.host import reserve
from cwtui.keyring.file_keyring import FileKeyring
from tests.accounts.world import HERE, NOW, OPERATOR
from tests.new_store import SECRET, quick


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
    assert isinstance(state, SignedIn)
    assert quick(services.create(config)).accounts.get("ada") == ports.accounts.get("ada")


@pytest.mark.usefixtures("ports")
def test_a_store_that_is_not_used_any_more_closes_its_files(config: Config) -> None:
    """At once: a process that opens it again and again would come to its limit of open files."""

    def open_files() -> int:
        return len([*Path("/proc/self/fd").iterdir()])

    gc.collect()
    gc.disable()
    try:
        before = open_files()
        again = services.connect(config)
        again.records.banned()
        assert again.accounts.get("nobody") is None
        assert open_files() > before
        del again
        assert open_files() == before
    finally:
        gc.enable()


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
        administration.update_user(
            services.connect(small), OPERATOR, "ada", Update(display_name=f"Ada {number}")
        )
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
    assert isinstance(state, SignedIn)
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
    first_admin.create(ports, "ada", SECRET, SECRET, OPERATOR)
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
