"""Which admins can sign in. Without one, only the host's operator can help (recovery.py)."""

from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountsChange, Keyring
from cwtui.accounts.upkeep.protection import keys_of


def who_can_sign_in(change: AccountsChange, keyring: Keyring, now: float) -> frozenset[str]:
    """Return the enabled local admins with a password that has not expired and whose key exists.

    Accounts that must wait after failed attempts are included, as waits end by themselves.
    """
    present = frozenset(key.id for key in keyring.all_keys())
    candidates = [change.get(username) for username in change.enabled_local_admins()]
    return frozenset(
        account.username
        for account in candidates
        if account is not None and _can_be_checked(account, present, now)
    )


def needed(change: AccountsChange, keyring: Keyring, now: float) -> frozenset[str]:
    """Return the admins of whom one must stay: those who can sign in or, if none can, all."""
    return who_can_sign_in(change, keyring, now) or change.enabled_local_admins()


def _can_be_checked(account: Account, present: frozenset[str], now: float) -> bool:
    expires_at = account.initial_password_expires_at
    expired = expires_at is not None and now > expires_at
    return account.password is not None and not expired and keys_of(account) <= present
