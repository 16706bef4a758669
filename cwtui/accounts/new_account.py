"""Initial values of new accounts and of accounts with a new initial password."""

from collections.abc import Callable
from typing import Final, TypeAlias

from cwtui.accounts.credentials import backup_codes, passwords
from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.secret import Secret

INITIAL_PASSWORD_LIFETIME: Final = 7 * 24 * 3600.0
"""Seconds; initial passwords must expire soon (OWASP ASVS 5.0, 6.4.1)."""

HandOver: TypeAlias = Callable[[str, Secret], None]
"""Keeps the initial password of an account before it is valid, so that it cannot be lost."""


def cost_of_many(ports: Ports) -> int:
    """Return the cost of hashes where many initial passwords are made.

    It may be lower, as they have as many random bits as backup codes.
    """
    return backup_codes.hash_cost(ports.bcrypt_cost)


def initial_password_fields(
    ports: Ports, initial: Secret, cost: int | None = None
) -> dict[str, object]:
    """Return the account fields for this one-time initial password.

    `cost` is that of its hash, if it is not the usual one.
    """
    return {
        "password": passwords.hash_password(
            passwords.initial(initial),
            ports.keyring,
            ports.bcrypt_cost if cost is None else cost,
        ),
        "must_change_password": True,
        "initial_password_expires_at": ports.now() + INITIAL_PASSWORD_LIFETIME,
    }


def first_epoch(ports: Ports) -> int:
    """Return a random epoch, so that old sessions do not work with a new account of that name."""
    return int.from_bytes(ports.random(4), "big")


def put_new(ports: Ports, change: AccountsChange, *accounts: Account) -> None:
    """Store new accounts, and remove any sign-in records left from old ones of their names."""
    change.put(*accounts)
    change.prepare()
    ports.records.remove(*(account.username for account in accounts))
