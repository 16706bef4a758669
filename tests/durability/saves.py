"""A small store with two accounts, and every kind of save."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from msgspec.structs import replace as with_fields

from cwtui import backups, services
from cwtui.accounts import administration, devices, first_admin, sign_in
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.importing import creating, formats, lines, planning
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded
from cwtui.accounts.updates import Update
from cwtui.accounts.upkeep.protection import keys_of
from cwtui.config import Config, KeyringConfig, StoreConfig
from cwtui.keyring.file_keyring import FileKeyring
from cwtui.store import records, table_file
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.content import Content
from tests.accounts.steps import at_step, last_step, one_device
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, Device
from tests.store.table_files import journal_of

PEOPLE: Final = b"username,password_hash\n" + b"".join(
    b"new%d,$2y$04$%b\n" % (number, b"u" * 53) for number in range(4)
)
BACKUP: Final = "backup.tar"
_FEW_FILES: Final = 3
"""Files of sign-in records: a restore replaces each, and three show as much as sixty-four."""


@contextmanager
def few_files() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "FILES", _FEW_FILES)
        yield


def config_in(folder: Path) -> Config:
    return Config(
        store=StoreConfig(str(folder / "store")),
        keyring=KeyringConfig(str(folder / "keys" / "keyring.json")),
    )


def connected(config: Config) -> Ports:
    return replace(services.connect(config), bcrypt_cost=4, now=lambda: NOW)


def unwatched(names: list[str]) -> list[str]:
    return names


def made_in(folder: Path) -> tuple[Config, Device]:
    """The admin ada, and alice with a device; with a backup, after which bob was added."""
    config = config_in(folder)
    ports = replace(services.create(config), bcrypt_cost=4, now=lambda: NOW)
    secret = Secret(PASSWORD)
    first_admin.create(ports, "ada", secret, secret, OPERATOR)
    device = Device(totp.new_secret(ports.random), backup_codes.new_codes(ports.random))
    hashed = backup_codes.hash_codes(device.codes, ports.keyring, 4)
    made = administration.create_user(ports, OPERATOR, NewAccount("alice", initial_password=secret))
    sealed = devices.sealed(ports.keyring, "alice", "", device.totp_secret)
    factor = one_device(sealed, NOW, with_fields(hashed, acknowledged=True))
    alice = made.account.changed(
        password=passwords.hash_password(secret, ports.keyring, 4),
        must_change_password=False,
        initial_password_expires_at=None,
        second_factor=factor,
    )
    with ports.accounts.change() as change:
        change.put(alice)
    ports.records.update("ada", lambda _: (at_step(1), None))
    backups.back_up(config, OPERATOR, folder / BACKUP, unwatched)
    administration.create_user(ports, OPERATOR, NewAccount("bob", initial_password=secret))
    return config, device


class Save(NamedTuple):
    """An operation, the state read before and after it, and which damage is acceptable."""

    act: Callable[[Config], object]
    state: Callable[[Config], object]
    finding: str = ""
    has_steps: bool = False
    """If a later step fails, the first one remains: a used code, or a new keyring."""


def rename_alice(config: Config) -> None:
    administration.update_user(connected(config), OPERATOR, "alice", Update(display_name="Alice"))


def rename_alice_in_a_new_base(config: Config) -> None:
    """Instead of a line in the journal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_file, "_MOST_JOURNAL", 1)
        rename_alice(config)


def import_accounts(config: Config) -> None:
    """Of several, where some have an old sign-in record, and in a new base."""
    ports = connected(config)
    found = formats.entries(lines.lines(io.BytesIO(PEOPLE)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_file, "_MOST_JOURNAL", 1)
        plan = planning.plan(ports, OPERATOR, found)
        creating.create(ports, OPERATOR, plan, lambda _: None, lambda *_: None, 1)


def compact(config: Config) -> None:
    TinyAccountStore(config.accounts_file).compact()


def compact_while_another_writes(config: Config) -> None:
    """Its change becomes the first line of the new base's journal."""
    write = Content.write

    def write_later(content: Content, descriptor: int) -> str:
        rename_alice(config)
        return write(content, descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Content, "write", write_later)
        compact(config)


def use_step(config: Config) -> None:
    """In an existing file."""
    connected(config).records.update("ada", lambda _: (at_step(2), None))


def use_first_step(config: Config) -> None:
    """In a new file."""
    connected(config).records.update("alice", lambda _: (at_step(2), None))


def append(config: Config) -> None:
    event = Event(
        at=NOW,
        event=EventType.SIGN_OUT,
        actor="ada",
        subject="ada",
        source=HERE,
        outcome=Outcome.SUCCESS,
    )
    connected(config).audit.append(event)


def new_keyring(config: Config) -> None:
    FileKeyring.replace(config.keyring_file, NOW)


def back_up(config: Config) -> None:
    backups.back_up(config, OPERATOR, config.folder.parent / "new.tar", unwatched)


def restore(config: Config) -> None:
    with backups.checked_backup(config, config.folder.parent / BACKUP, unwatched) as found:
        found.run(OPERATOR)


def sign_in_with(code: Secret) -> Callable[[Config], None]:
    """A complete sign-in with a backup code: throttle, account, record and audit log."""

    def act(config: Config) -> None:
        ports = connected(config)
        state = sign_in.with_password(ports, "alice", Secret(PASSWORD), HERE)
        assert isinstance(state, CodeNeeded)
        sign_in.with_backup_code(ports, state, code.reveal())

    return act


def accounts_of(config: Config) -> object:
    ports = connected(config)
    found = [(row.username, row.display_name) for row in ports.accounts.rows()]
    return found, [last_step(ports.records.get(name)) for name, _ in found]


def journal_and_accounts_of(config: Config) -> object:
    """Whether the journal is empty, and the accounts."""
    return journal_of(config.accounts_file).stat().st_size == 0, accounts_of(config)


def codes_left(config: Config) -> object:
    alice = connected(config).accounts.get("alice")
    assert alice is not None
    assert alice.second_factor is not None
    return len(alice.second_factor.backup_codes.hashes)


def events_of(config: Config) -> int:
    return len(config.audit_file.read_bytes().splitlines())


def keyring_of(config: Config) -> object:
    """Whether the keyring belongs to the accounts."""
    ada = TinyAccountStore(config.accounts_file).get("ada")
    assert ada is not None
    return FileKeyring.load(config.keyring_file).active in keys_of(ada)


def backup_of(config: Config) -> object:
    """How many accounts are in it, or None; an unreadable backup raises an error."""
    path = config.folder.parent / "new.tar"
    if not path.exists():
        return None
    with backups.checked_backup(config, path, unwatched) as found:
        return found.then


SAVES: Final = {
    "account": Save(rename_alice, accounts_of),
    "new base": Save(rename_alice_in_a_new_base, accounts_of),
    "compaction": Save(compact, journal_and_accounts_of),
    "compaction and change": Save(compact_while_another_writes, accounts_of, has_steps=True),
    "import": Save(import_accounts, accounts_of),
    "record": Save(use_step, accounts_of),
    "first record": Save(use_first_step, accounts_of),
    "audit": Save(append, events_of),
    "keyring": Save(new_keyring, keyring_of, "lacks the key", has_steps=True),
    "backup": Save(back_up, backup_of),
    "restore": Save(restore, accounts_of),
}


SIGN_IN: Final = "sign-in"


def save_of(name: str, code: Secret) -> Save:
    """The save with this name. A sign-in needs a backup code of alice."""
    return Save(sign_in_with(code), codes_left, has_steps=True) if name == SIGN_IN else SAVES[name]
