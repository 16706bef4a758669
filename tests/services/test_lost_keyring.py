"""A keyring that is lost, and one that systemd provides as a credential."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from cwtui import services
from cwtui.accounts import recovery, sign_in
from cwtui.accounts.errors import (
    KeyringMissing,
    Refused,
    StoreExposed,
    StoreMissing,
    StoreTooNew,
)
from cwtui.accounts.ports import Ports
from cwtui.accounts.sign_in_states import NewPasswordNeeded, SignedIn
from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.config import Config, KeyringConfig
from cwtui.host import reserve
from cwtui.keyring.file_keyring import FileKeyring
from tests.accounts.world import HERE, OPERATOR
from tests.new_store import SECRET, quick

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
    assert isinstance(state, NewPasswordNeeded)
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
        config.keyring_file.write_text('{"schema": 99}')
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
    assert isinstance(sign_in.with_password(ports, "ada", SECRET, HERE), SignedIn)
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
