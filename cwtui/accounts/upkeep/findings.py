"""What a check of the whole store finds, and what is to be checked of each account."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct

from cwtui.accounts import roles, text
from cwtui.accounts.errors import (
    CannotCheck,
    InvalidInput,
    KeyringMissing,
    StoreDamaged,
    StoreExposed,
)
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import Keyring
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import LINE_LENGTH, listed, visible
from cwtui.accounts.upkeep.protection import keys_of

T = TypeVar("T")

_NAMED: Final = 20
"""How many accounts a sentence names: each of them needs something done."""

WithProgress: TypeAlias = Callable[[list[T]], Iterable[T]]
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
        self._held = {key.id for key in keyring.all_keys()} if keyring is not None else set()
        self._without_key: dict[str, list[str]] = {}
        self._has_admin = False
        self.count = 0

    def one(self, account: Account) -> Iterator[Finding]:
        """What is wrong with this account alone."""
        self.count += 1
        self._has_admin |= account.is_admin and account.enabled and account.origin is Origin.LOCAL
        name = visible(account.username)
        if not _can_be_typed(account):
            yield self._damage(
                f"Nobody can type the username {name!r}, so cwtui did not write it. Find out who "
                "can write the store, then remove the account, with its exact name: cwtui user "
                "remove NAME"
            )
        if not _is_a_line(account.display_name):
            yield self._damage(
                f"The display name of {name} holds characters that cannot be shown, or too many. "
                f"Set another: cwtui user set {shlex.quote(name)} --display-name TEXT"
            )
        try:
            roles.known(account.roles)
        except InvalidInput as error:
            yield self._damage(
                f"The account {name} has a role that is not known. {error} "
                f"Set its roles: cwtui user set {shlex.quote(name)} --role R"
            )
        if self._keyring is None:
            return
        for key in keys_of(account) - self._held:
            self._without_key.setdefault(key, []).append(account.username)
        factor = account.second_factor
        if factor is not None and factor.totp_secret.key in self._held:
            try:
                self._keyring.unseal(factor.totp_secret, account.username.encode())
            except StoreDamaged as error:
                yield of_error(error, self._where)

    def settings(self, found: OrganizationSettings) -> Iterator[Finding]:
        """What is wrong with the organization settings."""
        if not _is_a_line(found.issuer):
            yield self._damage(
                "The issuer holds characters that cannot be shown. Set another: "
                "cwtui settings set issuer TEXT"
            )

    def all(self, needed: frozenset[str]) -> Iterator[Finding]:
        """What is wrong with the accounts together, once each of them was seen.

        `needed` are the keys that the store says it needs; others were given up as lost.
        """
        for key, names in sorted(self._without_key.items()):
            users = visible(listed(names, _NAMED))
            if key in needed:
                yield self._damage(
                    f"The keyring does not hold the key {key}, which {users} cannot do without. "
                    "Put the keyring that belongs to this store in its place."
                )
            else:
                sentence = (
                    f"The key {key} was given up as lost, and {users} cannot sign in without it: "
                    "reset password and MFA."
                )
                yield Finding(Severity.WARNING, self._where, sentence)
        if self.count and not self._has_admin:
            yield self._damage(
                "No account is an enabled local admin. Give one the role: "
                f"cwtui user set NAME --enabled --role {roles.ADMIN}"
            )

    def _damage(self, sentence: str) -> Finding:
        return Finding(Severity.DAMAGE, self._where, sentence)


def _can_be_typed(account: Account) -> bool:
    """Whether somebody who types the name, as one of its origin, is taken for this account."""
    is_local = account.origin is Origin.LOCAL
    try:
        return text.username(account.username, local=is_local) == account.username
    except InvalidInput:
        return False


def _is_a_line(shown: str) -> bool:
    """Whether it is one line as `text.line` makes them, of whatever version of Unicode."""
    return visible(shown) == shown and len(shown) <= LINE_LENGTH
