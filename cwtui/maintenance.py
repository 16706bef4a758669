"""Check and compact a whole store, wherever it is kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cwtui import installation, joining, services
from cwtui.accounts.errors import (
    CannotCheck,
    KeyringMissing,
    Refused,
)
from cwtui.accounts.ports import AccountStore, AuditLog, Keyring
from cwtui.accounts.upkeep.findings import Finding, Severity, WithProgress, of_error
from cwtui.config import Config
from cwtui.host.files import check_owner, exists, temporary_of
from cwtui.keyring.opened import OpenKeyring
from cwtui.language import _
from cwtui.store import checking
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.audit.log import FileAuditLog
from cwtui.store.checking import ContentChecks
from cwtui.store.contents import Contents
from cwtui.store.records import TinyRecordStore


@dataclass(frozen=True)
class Report:
    """What a check found, and how many accounts and records it read."""

    findings: list[Finding]
    accounts: int
    records: int

    def has(self, severity: Severity) -> bool:
        return any(finding.severity is severity for finding in self.findings)


def check(config: Config, with_progress: WithProgress[str]) -> Report:
    """Check the whole store without writing to it, while others may write.

    Raises StoreMissing, and StoreExposed for a store of another Unix user, who can check it.
    """
    if config.database:
        return _check_database(config, with_progress)
    layout = config.layout
    if not exists(layout.marker):
        installation.check_is_there(config)
    check_owner(config.folder)
    keyring = None
    findings = list(checking.files(layout, _keyring_files(config)))
    try:
        keyring = services.open_keyring(config)
    except CannotCheck as error:
        findings.append(of_error(error, "keyring"))
    content = ContentChecks(layout, keyring)
    findings += content.all(with_progress)
    if keyring is not None:
        findings += _active_key(TinyAccountStore(layout.accounts), keyring, layout.accounts)
    findings += checking.audit(
        FileAuditLog(layout.audit), layout.audit, has_accounts=content.accounts > 0
    )
    return Report(_once(findings), content.accounts, content.records)


def _check_database(config: Config, with_progress: WithProgress[str]) -> Report:
    # Imported here, because most hosts have no database.
    from cwtui import database
    from cwtui.store.postgres import checking as database_checking

    installation.check_is_there(config)
    parts = database.parts(config)
    keyring, findings = _keyring_of(config)
    content = database_checking.ContentChecks(parts, keyring, config.store_name)
    findings += content.all(with_progress)
    if keyring is not None:
        findings += _active_key(parts.accounts, keyring, config.store_name)
    return Report(_once(findings), content.accounts, content.records)


def _keyring_of(config: Config) -> tuple[OpenKeyring | None, list[Finding]]:
    """Return the keyring, or None and why it cannot be read; and what is wrong with its files."""
    findings = list(checking.modes(_keyring_files(config)))
    try:
        return services.open_keyring(config), findings
    except CannotCheck as error:
        return None, [*findings, of_error(error, "keyring")]


@dataclass(frozen=True)
class Glance:
    """What a quick look found, and what could be opened to look further; nothing is written.

    `accounts` and `keyring` are None if they cannot be read, which `findings` say.
    """

    findings: list[Finding]
    accounts: AccountStore | None
    keyring: Keyring | None
    audit: AuditLog


def glance(config: Config) -> Glance:
    """Check files, keys and settings, but not each account. Raises StoreMissing and CannotCheck."""
    if config.database:
        return _glance_at_database(config)
    layout = config.layout
    if not exists(layout.marker):
        installation.check_is_there(config)
    findings = list(checking.files(layout, _keyring_files(config)))
    accounts: TinyAccountStore | None = TinyAccountStore(layout.accounts)
    keyring = None
    try:
        keyring = services.open_keyring(config)
    except CannotCheck as error:
        findings.append(of_error(error, "keyring"))
    try:
        _check_keys(TinyAccountStore(layout.accounts).contents(), keyring)
    except KeyringMissing as error:
        findings.append(of_error(error, "keyring"))
    except CannotCheck as error:
        findings.append(of_error(error, layout.accounts))
        accounts = None
    return Glance(_once(findings), accounts, keyring, services.audit_log(config))


def _glance_at_database(config: Config) -> Glance:
    from cwtui import database
    from cwtui.store.postgres import checking as database_checking

    installation.check_is_there(config)
    parts = database.parts(config)
    keyring, findings = _keyring_of(config)
    try:
        _check_keys(parts.accounts.contents(), keyring)
    except KeyringMissing as error:
        findings.append(of_error(error, "keyring"))
    findings += database_checking.clock(parts, config.store_name)
    findings += database_checking.text_index(parts, config.store_name)
    return Glance(_once(findings), parts.accounts, keyring, parts.audit)


def _check_keys(contents: Contents, keyring: OpenKeyring | None) -> None:
    """Raise KeyringMissing if the keyring does not match the store."""
    if keyring is None:
        return
    held = keyring.held_now()
    lacking = contents.lacking(held.ids)
    if lacking:
        raise keyring.without(lacking)
    joining.check_active_key(contents, keyring, held)


def rights(role: str) -> str:
    """Return the SQL that lets a role of a database use a store in it. Raises InvalidInput."""
    from cwtui.store.postgres import rights as of_database

    return of_database.sql(role)


def compact(config: Config) -> int:
    """Write all journals into their files, and return the number of changed files.

    Raises CannotCheck, also if a file is damaged, and Refused for a database.
    """
    if config.database:
        raise Refused(
            _(
                "The store is in the database {store}. It compacts itself. See: cwtui help "
                "postgresql",
                store=config.store_name,
            )
        )
    services.refuse_half_restored(config)
    installation.check_is_there(config)
    accounts = TinyAccountStore(config.accounts_file)
    records = TinyRecordStore(config.records_folder, accounts.is_empty)
    return accounts.compact() + sum(map(records.compact, records.numbers()))


def _active_key(
    accounts: joining.Accounts, keyring: OpenKeyring, where: object
) -> Iterator[Finding]:
    """Yield a finding if the store does not know the active key; others report missing keys."""
    try:
        # In this order, as a rotation changes the store before the keyring.
        held, contents = keyring.held_now(), accounts.contents()
        if not contents.lacking(held.ids):
            joining.check_active_key(contents, keyring, held)
    except CannotCheck as error:
        yield of_error(error, where)


def _keyring_files(config: Config) -> list[Path]:
    if config.keyring.credential:  # systemd sets its permissions
        return []
    file = config.keyring_file
    return [file.parent, file, temporary_of(file)]


def _once(findings: list[Finding]) -> list[Finding]:
    """Remove duplicates: an exposed file is found by its mode, and again when it is read."""
    return list({finding.sentence: finding for finding in findings}.values())
