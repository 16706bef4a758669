"""Stores that are checked: a copy of one, changed as a test needs it."""

from pathlib import Path

import msgspec

from cwtui import maintenance
from cwtui.accounts.model import Account
from cwtui.accounts.upkeep.findings import Finding
from cwtui.config import Config
from cwtui.store.accounts import TinyAccountStore
from tests.durability.saves import unwatched


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


def wrong_type(config: Config) -> None:
    changed_in_file(config.accounts_file, b'"display_name":"Bob"', b'"display_name":5')


def left_over(config: Config) -> None:
    (config.records_folder / ".07.json.new").touch(mode=0o600)


def replace_key(account: Account, key: str) -> Account:
    assert account.password is not None
    return account.changed(password=msgspec.structs.replace(account.password, key=key))
