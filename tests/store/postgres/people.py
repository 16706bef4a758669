"""People with a password, a device and backup codes, in a store whose hosts share a keyring."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from msgspec.structs import replace as with_fields

from cwtui import services
from cwtui.accounts import devices, first_admin, sign_in
from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.model import Account, SecondFactor
from cwtui.accounts.model import Device as Registered
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded
from cwtui.config import Config, KeyringConfig, StoreConfig
from tests.accounts.world import OPERATOR, PASSWORD, Device

QUICK_COST = 4


def config_of(url: str, folder: Path) -> Config:
    """The keyring is in this folder."""
    return Config(StoreConfig(url), KeyringConfig(str(folder / "keys" / "keyring.json")))


def connected(config: Config) -> Ports:
    return replace(services.connect(config), bcrypt_cost=QUICK_COST)


def made(config: Config) -> Ports:
    """A store with the admin ada."""
    ports = replace(services.create(config), bcrypt_cost=QUICK_COST)
    first_admin.create(ports, "ada", Secret(PASSWORD), Secret(PASSWORD), OPERATOR)
    return ports


def add(ports: Ports, names: Iterable[str]) -> Device:
    """Add users who all have the same device and the same backup codes."""
    device = Device(totp.new_secret(ports.random), backup_codes.new_codes(ports.random))
    hashed = backup_codes.hash_codes(device.codes, ports.keyring, QUICK_COST)
    password = passwords.hash_password(Secret(PASSWORD), ports.keyring, QUICK_COST)
    with ports.accounts.change() as change:
        for name in names:
            sealed = devices.sealed(ports.keyring, name, "", device.totp_secret)
            factor = SecondFactor(
                (Registered("Phone", sealed, 1.0),), with_fields(hashed, acknowledged=True)
            )
            change.put(
                Account(username=name, created_at=1.0, password=password, second_factor=factor)
            )
    return device


def asked_for_code(ports: Ports, name: str, source: str) -> CodeNeeded:
    state = sign_in.with_password(ports, name, Secret(PASSWORD), source)
    assert isinstance(state, CodeNeeded)
    return state
