"""Findings of a store check, and the checks of each account."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct

from cwtui.accounts import devices, roles, ssh_keys, text
from cwtui.accounts.errors import (
    CannotCheck,
    InvalidInput,
    KeyringMissing,
    StoreDamaged,
    StoreExposed,
)
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import Keyring
from cwtui.accounts.roles import CustomRoles
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import LINE_LENGTH, listed, visible
from cwtui.accounts.upkeep.protection import keys_of
from cwtui.hints import again
from cwtui.language import _

T = TypeVar("T")

_NAMED: Final = 20
"""The maximum number of accounts that a sentence names; each needs attention."""

WithProgress: TypeAlias = Callable[[list[T]], Iterable[T]]
"""Yields the items it is given, and may show progress."""


class Severity(StrEnum):
    """How serious a finding is. A warning is not damage, only what a killed process left behind."""

    WARNING = "warning"
    DAMAGE = "damage"
    UNREADABLE = "unreadable"


class Finding(Struct, frozen=True):
    """One problem. `where` is a path; the sentence says what is wrong and what to do."""

    severity: Severity
    where: str
    sentence: str


def of_error(error: CannotCheck, where: object) -> Finding:
    """Return the error as a finding: DAMAGE if something is damaged, otherwise UNREADABLE."""
    damaged = isinstance(error, StoreDamaged | StoreExposed | KeyringMissing)
    severity = Severity.DAMAGE if damaged else Severity.UNREADABLE
    return Finding(severity, str(where), str(error))


class AccountChecks:
    """Checks accounts one by one, then all of them together.

    Without a keyring, checks that need keys are skipped.
    """

    def __init__(self, where: object, keyring: Keyring | None) -> None:
        self._where = str(where)
        self._keyring = keyring
        self._held = {key.id for key in keyring.all_keys()} if keyring is not None else set()
        self._without_key: dict[str, list[str]] = {}
        self._with_ssh_key: dict[str, str] = {}
        """The first account with each SSH key, by its fingerprint."""
        self._sharing: dict[str, list[str]] = {}
        """Further accounts with the same key."""
        self._has_admin = False
        self._custom_roles: CustomRoles = {}
        self.count = 0

    def one(self, account: Account) -> Iterator[Finding]:
        """Yield what is wrong with this account."""
        self.count += 1
        self._has_admin |= account.is_admin and account.enabled and account.origin is Origin.LOCAL
        name = visible(account.username)
        if not _can_be_typed(account):
            yield self._damage(
                _(
                    "{name!r} is not a valid username, so cwtui did not create it. Find out who "
                    "else can write to the store, then remove the account by its exact name: "
                    "{command}",
                    name=name,
                    command=again("user remove NAME"),
                )
            )
        if not _is_a_line(account.display_name):
            yield self._damage(
                _(
                    "The display name of {name} is too long or contains invalid characters. Set "
                    "another: {command}",
                    name=name,
                    command=again("user set", shlex.quote(name), "--display-name TEXT"),
                )
            )
        try:
            roles.known(account.roles, self._custom_roles)
        except InvalidInput as error:
            yield self._damage(
                _(
                    "The account {name} has an unknown role. {error} Set its roles: {command}",
                    name=name,
                    error=error,
                    command=again("user set", shlex.quote(name), "--role ROLE"),
                )
            )
        yield from self._devices(account)
        self._note_ssh_keys(account)
        if self._keyring is None:
            return
        for key in keys_of(account) - self._held:
            self._without_key.setdefault(key, []).append(account.username)
        factor = account.second_factor
        for device in factor.devices if factor is not None else ():
            if device.totp_secret.key not in self._held:
                continue
            try:
                devices.unsealed(self._keyring, account.username, device)
            except StoreDamaged as error:
                yield of_error(error, self._where)

    def _note_ssh_keys(self, account: Account) -> None:
        for key in account.ssh_keys:
            fingerprint = ssh_keys.fingerprint(key.key)
            if self._with_ssh_key.setdefault(fingerprint, account.username) != account.username:
                self._sharing.setdefault(fingerprint, []).append(account.username)

    def _devices(self, account: Account) -> Iterator[Finding]:
        """Yield what is wrong with names and ids of the account's devices."""
        found = account.second_factor.devices if account.second_factor is not None else ()
        name = visible(account.username)
        if len({device.id for device in found}) < len(found):
            yield self._damage(
                _(
                    "Two devices of {name} have the same id. Reset the MFA: {command}",
                    name=name,
                    command=again("user reset-mfa", shlex.quote(name)),
                )
            )
        for device in found:
            if not device.name or not _is_a_line(device.name):
                yield self._damage(
                    _(
                        "The name of a device of {name} is empty, too long or contains invalid "
                        "characters. Reset the MFA: {command}",
                        name=name,
                        command=again("user reset-mfa", shlex.quote(name)),
                    )
                )

    def settings(self, found: OrganizationSettings) -> Iterator[Finding]:
        """Yield what is wrong with the organization settings. Comes before the accounts."""
        self._custom_roles = found.custom_roles
        if not _is_a_line(found.issuer):
            yield self._damage(
                _(
                    "The issuer is too long or contains invalid characters. Set another: {command}",
                    command=again("settings set issuer TEXT"),
                )
            )

    def all(self, needed: frozenset[str]) -> Iterator[Finding]:
        """Yield what is wrong with all accounts together, after each was checked.

        `needed` are the keys that the store needs; other missing keys were given up as lost.
        """
        if self._keyring is not None and self._without_key:
            # A key may have been made since this check began.
            self._held |= {key.id for key in self._keyring.all_keys()}
        for key, names in sorted(self._without_key.items()):
            if key in self._held:
                continue
            users = visible(listed(names, _NAMED))
            if key in needed:
                yield self._damage(
                    _(
                        "The keyring lacks the key {key}, which {users} cannot sign in without. "
                        "Restore the keyring that belongs to this store.",
                        key=key,
                        users=users,
                    )
                )
            else:
                sentence = _(
                    "The key {key} was given up as lost, and {users} cannot sign in without it. "
                    "Reset their passwords and MFA.",
                    key=key,
                    users=users,
                )
                yield Finding(Severity.WARNING, self._where, sentence)
        for fingerprint, others in sorted(self._sharing.items()):
            users = visible(listed([self._with_ssh_key[fingerprint], *others], _NAMED))
            yield Finding(
                Severity.WARNING,
                self._where,
                _(
                    "{users} have the same SSH key, so it does not say who comes in with it. "
                    "Remove it from all but one: {command}",
                    users=users,
                    command=again("user ssh-key remove NAME", fingerprint),
                ),
            )
        if self.count and not self._has_admin:
            yield self._damage(
                _(
                    "There is no enabled local admin. Make an account one: {command}",
                    command=again("user set NAME --enabled --role", roles.ADMIN),
                )
            )

    def _damage(self, sentence: str) -> Finding:
        return Finding(Severity.DAMAGE, self._where, sentence)


def _can_be_typed(account: Account) -> bool:
    """Whether the username is valid for the account's origin."""
    is_local = account.origin is Origin.LOCAL
    try:
        return text.username(account.username, local=is_local) == account.username
    except InvalidInput:
        return False


def _is_a_line(shown: str) -> bool:
    """Whether the text is a line as `text.line` returns it, in any version of Unicode."""
    return visible(shown) == shown and len(shown) <= LINE_LENGTH
