"""What a check of the whole store finds, and what is to be checked of each account."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import TypeAlias, TypeVar

from msgspec import Struct

from cwtui.accounts import roles
from cwtui.accounts.errors import (
    CannotCheck,
    InvalidInput,
    KeyringMissing,
    StoreDamaged,
    StoreExposed,
)
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import Keyring

T = TypeVar("T")

Watch: TypeAlias = Callable[[list[T]], Iterable[T]]
"""Hands out what it gets, and may show how far it is."""


class Severity(StrEnum):
    """A warning is no damage: what a killed process left, or a full disk."""

    WARNING = "warning"
    DAMAGE = "damage"
    UNREADABLE = "unreadable"


class Finding(Struct, frozen=True):
    """`where` is a path; the sentence says what is wrong there, and what to do."""

    severity: Severity
    where: str
    sentence: str


def of_error(error: CannotCheck, where: object) -> Finding:
    """What could not be read as a finding: either it is damaged, or it is not known."""
    damaged = isinstance(error, StoreDamaged | StoreExposed | KeyringMissing)
    severity = Severity.DAMAGE if damaged else Severity.UNREADABLE
    return Finding(severity, str(where), str(error))


class AccountChecks:
    """Goes through accounts one by one, then says what holds for all of them.

    Without a keyring, what only it can tell is left out.
    """

    def __init__(self, where: object, keyring: Keyring | None) -> None:
        self._where = str(where)
        self._keyring = keyring
        self._without_key: dict[str, list[str]] = {}
        self._has_admin = False
        self.count = 0

    def one(self, account: Account) -> Iterator[Finding]:
        """What is wrong with this account alone."""
        self.count += 1
        self._has_admin |= account.is_admin and account.enabled and account.origin is Origin.LOCAL
        try:
            roles.known(account.roles)
        except InvalidInput as error:
            yield self._damage(
                f"The account {account.username} has a role that is not known. {error} "
                f"Set its roles: cwtui user set {account.username} --role R"
            )
        for key in needed_keys(account):
            self._check_key(key, account.username)
        factor = account.second_factor
        if self._keyring is not None and factor is not None:
            try:
                self._keyring.unseal(factor.totp_secret, account.username.encode())
            except KeyringMissing:
                pass  # told once for all accounts
            except StoreDamaged as error:
                yield of_error(error, self._where)

    def all(self) -> Iterator[Finding]:
        """What is wrong with the accounts together, once each of them was seen."""
        for key, names in sorted(self._without_key.items()):
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield self._damage(
                f"The keyring does not hold the key {key}, which {names[0]}{others} cannot do "
                "without. Put the keyring that belongs to this store in its place."
            )
        if self.count and not self._has_admin:
            yield self._damage(
                "No account is an enabled local admin. Give one the role: "
                f"cwtui user set NAME --enabled --role {roles.ADMIN}"
            )

    def _check_key(self, key: str, username: str) -> None:
        if self._keyring is None:
            return
        try:
            self._keyring.pepper(key)
        except KeyringMissing:
            self._without_key.setdefault(key, []).append(username)

    def _damage(self, sentence: str) -> Finding:
        return Finding(Severity.DAMAGE, self._where, sentence)


def needed_keys(account: Account) -> set[str]:
    """The ids of the keys that protect something of this account."""
    keys = {account.password.key} if account.password is not None else set()
    if account.second_factor is not None:
        factor = account.second_factor
        keys |= {factor.totp_secret.key, factor.backup_codes.key}
    return keys
