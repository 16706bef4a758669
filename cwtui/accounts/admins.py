"""Which admins can sign in. Without one, only the host's operator can help (recovery.py)."""

from collections.abc import Sequence
from math import inf
from typing import Protocol

from cwtui.accounts import account_state
from cwtui.accounts.batched import read_accounts
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Keyring
from cwtui.accounts.upkeep.protection import keys_of


class Admins(Protocol):
    """Accounts, to read or to change. All methods raise CannotCheck."""

    def get(self, username: str) -> Account | None: ...

    def several(self, usernames: Sequence[str]) -> list[Account | None]: ...

    def enabled_local_admins(self) -> frozenset[str]: ...


def who_can_sign_in(accounts: Admins, keyring: Keyring, now: float) -> frozenset[str]:
    """Return the local admins whose account is neither disabled nor expired and can be checked.

    Their password has not expired, and its key exists. Accounts that must wait after failed
    attempts are included, as waits end by themselves, and unused ones, as one of them is spared.
    """
    return frozenset(one.username for one in _who_can_sign_in(accounts, keyring, now))


def needed(accounts: Admins, keyring: Keyring, now: float) -> frozenset[str]:
    """Return the admins of whom one must stay: those who can sign in, now and later.

    An account with a last day, or whose initial password has not been changed, is not enough. If
    there are no others, those who come closest to it: who has no last day can choose a password.
    """
    able = _who_can_sign_in(accounts, keyring, now)
    endless = [one for one in able if one.expires_at is None]
    lasting = [one for one in endless if one.initial_password_expires_at is None]
    kept = frozenset(one.username for one in lasting or endless or able)
    return kept or accounts.enabled_local_admins()


def is_less(before: Account, after: Account | None) -> bool:
    """Whether the account was an enabled admin, and is none any more or not as long."""
    if not (before.is_admin and before.enabled):
        return False
    return (
        after is None
        or not (after.is_admin and after.enabled)
        or _end(after.expires_at) < _end(before.expires_at)
        or _end(after.initial_password_expires_at) < _end(before.initial_password_expires_at)
    )


def _end(at: float | None) -> float:
    return inf if at is None else at


def _who_can_sign_in(accounts: Admins, keyring: Keyring, now: float) -> list[Account]:
    present = frozenset(key.id for key in keyring.all_keys())
    candidates = read_accounts(accounts, sorted(accounts.enabled_local_admins()))
    return [
        account
        for account in candidates
        if account is not None
        and account_state.closed(account, now) is None
        and _can_be_checked(account, present, now)
    ]


def _can_be_checked(account: Account, present: frozenset[str], now: float) -> bool:
    expires_at = account.initial_password_expires_at
    expired = expires_at is not None and now > expires_at
    return account.password is not None and not expired and keys_of(account) <= present
