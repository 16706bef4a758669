"""What a new account starts from, and one that was given a new initial password."""

from typing import Final

from cwtui.accounts.credentials import passwords
from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.secret import Secret

INITIAL_PASSWORD_LIFETIME: Final = 7 * 24 * 3600.0
"""Seconds; an initial password is to be replaced soon (OWASP ASVS 5.0, 6.4.1)."""


def initial_password_fields(ports: Ports, initial: Secret) -> dict[str, object]:
    """The fields of an account with this one-time password."""
    return {
        "password": passwords.hash_password(initial, ports.keyring, ports.bcrypt_cost),
        "must_change_password": True,
        "initial_password_expires_at": ports.now() + INITIAL_PASSWORD_LIFETIME,
    }


def first_epoch(ports: Ports) -> int:
    """A session of a removed account must not go on in one of the same name made later."""
    return int.from_bytes(ports.random(4), "big")


def put_new(ports: Ports, change: AccountsChange, account: Account) -> None:
    """Keep an account that was not there, without what is left of one of that name."""
    change.put(account)
    change.prepare()
    ports.records.remove(account.username)
