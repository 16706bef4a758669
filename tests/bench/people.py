"""Stores with many accounts."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from cwtui import services
from cwtui.accounts import roles
from cwtui.accounts.credentials import backup_codes, passwords
from cwtui.accounts.model import Account, BackupCodes, PasswordHash, SignInRecord
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.config import Config, KeyringConfig, StoreConfig
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import TinyRecordStore, number_of
from tests.accounts.steps import at_step, one_device

PASSWORD: Final = "Ketzin.7-Havel"
TOTP_SECRET: Final = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
SOURCE: Final = "local console"
ADMINS: Final = 10
"""The first users are admins."""
NEWCOMER: Final = "newcomer"
"""Must have a second factor and has none, so that a sign-in leads to enrolment."""
_LONG_AGO: Final = 1_700_000_000.0


@dataclass(frozen=True)
class Store:
    """A home folder in which cwtui finds a store."""

    home: Path
    accounts: int
    cost: int

    @property
    def config(self) -> Config:
        return config_in(self.home)


def config_in(home: Path) -> Config:
    """The folders that tests.console.terminal passes to a command."""
    keyring = home / "config" / "cwtui" / "keyring.json"
    return Config(StoreConfig(str(home / "data" / "cwtui")), KeyringConfig(str(keyring)))


def user(number: int) -> str:
    return f"user-{number:06d}"


def make_store(home: Path, accounts: int, cost: int, equipped: int | None = None) -> Store:
    """Everyone has a second factor with ten backup codes, and has signed in before.

    Only the first `equipped` users can use it; making a million of them usable takes a minute.
    """
    store = Store(home, accounts, cost)
    ports = services.create(store.config)
    people = _people(ports, accounts, cost, accounts if equipped is None else equipped)
    kept = TinyAccountStore(store.config.accounts_file)
    with kept.change() as change:
        change.put(*people)
    kept.compact()
    _write_records(store.config.records_folder, [one.username for one in people])
    return store


def _people(ports: Ports, accounts: int, cost: int, equipped: int) -> list[Account]:
    password = passwords.hash_password(Secret(PASSWORD), ports.keyring, cost)
    codes = backup_codes.hash_codes(backup_codes.new_codes(ports.random), ports.keyring, cost=4)
    kept = replace(codes, acknowledged=True)
    able = min(accounts - 1, equipped)
    people = [_person(ports, number, password, kept) for number in range(able)]
    people += [_copy(people[-1], number) for number in range(able, accounts - 1)]
    newcomer = Account(
        username=NEWCOMER, created_at=_LONG_AGO, password=password, mfa_required=True
    )
    return [newcomer, *people]


def _person(ports: Ports, number: int, password: PasswordHash, codes: BackupCodes) -> Account:
    name = user(number)
    sealed = ports.keyring.seal(TOTP_SECRET.encode(), name.encode())
    return Account(
        username=name,
        created_at=_LONG_AGO,
        display_name=f"User {number}",
        roles=(roles.ADMIN if number < ADMINS else roles.MINIMUM,),
        password=password,
        second_factor=one_device(sealed, _LONG_AGO, codes),
    )


def _copy(account: Account, number: int) -> Account:
    return replace(
        account,
        username=user(number),
        display_name=f"User {number}",
        roles=(roles.MINIMUM,),
    )


def _write_records(folder: Path, names: list[str]) -> None:
    store = TinyRecordStore(folder)
    record = at_step(1, SignInRecord(known_sources=(SOURCE,), last_sign_in=_LONG_AGO))
    files: defaultdict[int, dict[str, SignInRecord]] = defaultdict(dict)
    for name in names:
        files[number_of(name)][name] = record
    for number, records in files.items():
        store.put(number, records)
        store.compact(number)
