"""Accounts that count as disabled, because nobody has signed in to them for long.

Nothing is written for that. It follows from when an account was last used: its last sign-in, its
creation, or when it was last enabled. So it needs no program that runs every night, and it ends
when an admin enables the account, or when the organization allows more days.

Of the local admins of whom one must stay (`admins.needed`), the one whose account was used last is
spared, so that there always is one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from cwtui.accounts import admins, roles
from cwtui.accounts.model import Origin
from cwtui.accounts.ports import Reading
from cwtui.accounts.settings import OrganizationSettings

DAY: Final = 24 * 3600.0


class HasUses(Protocol):
    """An account, or its row in a list."""

    @property
    def username(self) -> str: ...

    @property
    def created_at(self) -> float: ...

    @property
    def enabled_at(self) -> float | None: ...

    @property
    def origin(self) -> Origin: ...

    @property
    def roles(self) -> tuple[str, ...]: ...


LastSignIn = Callable[[str], float | None]
"""Returns when a user last signed in, in seconds since the epoch. Raises CannotCheck."""


def last_used(account: HasUses, last_sign_in: float | None) -> float:
    """Return when the account was last used, in seconds since the epoch."""
    return max(account.created_at, account.enabled_at or 0.0, last_sign_in or 0.0)


@dataclass(frozen=True)
class Unused:
    """Which accounts are unused: those that were last used before `before`.

    `before` is in seconds since the epoch, and `find_spared` returns the admin who is spared; empty
    for nobody.
    """

    before: float
    find_spared: Callable[[], str]

    @cached_property
    def spared(self) -> str:
        return self.find_spared()

    def has(self, account: HasUses, last_sign_in: LastSignIn) -> bool:
        """Whether the account is unused. Looks up only what it must. Raises CannotCheck."""
        if last_used(account, None) >= self.before:
            return False
        if last_used(account, last_sign_in(account.username)) >= self.before:
            return False
        may_be_spared = account.origin is Origin.LOCAL and roles.ADMIN in account.roles
        return not (may_be_spared and account.username == self.spared)


def rule(ports: Reading, settings: OrganizationSettings) -> Unused | None:
    """Return which accounts are unused now; None if the organization does not ask for that."""
    if not settings.unused_days:
        return None
    return Unused(ports.now() - settings.unused_days * DAY, lambda: _spared(ports))


def last_sign_in(ports: Reading, username: str) -> float | None:
    """Return when a user last signed in, in seconds since the epoch. Raises CannotCheck."""
    return ports.records.get(username).last_sign_in


def has(ports: Reading, account: HasUses, settings: OrganizationSettings) -> bool:
    """Whether the account is unused now. Raises CannotCheck."""
    unused = rule(ports, settings)
    return unused is not None and unused.has(account, lambda name: last_sign_in(ports, name))


def _spared(ports: Reading) -> str:
    able = admins.needed(ports.accounts, ports.keyring, ports.now())
    uses = [
        (last_used(account, last_sign_in(ports, account.username)), account.username)
        for account in map(ports.accounts.get, able)
        if account is not None
    ]
    return max(uses, default=(0.0, ""))[1]
