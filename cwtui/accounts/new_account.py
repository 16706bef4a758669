"""Initial values of new accounts and of accounts with a new initial password.

An initial password is for the first sign-in only: it leads into choosing another one. An
invitation code is one of them, under another name and for as long as the organization allows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from cwtui.accounts import account_state
from cwtui.accounts.account_state import PasswordState
from cwtui.accounts.credentials import backup_codes, passwords
from cwtui.accounts.expiry import NEVER
from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.roles import MINIMUM
from cwtui.accounts.secret import Secret
from cwtui.accounts.times import utc_minute

_DAY: Final = 24 * 3600.0
INITIAL_PASSWORD_LIFETIME: Final = 7 * _DAY
"""Seconds; initial passwords must expire soon (OWASP ASVS 5.0, 6.4.1)."""

HandOver: TypeAlias = Callable[[str, Secret], None]
"""Keeps the initial password of an account before it is valid, so that it cannot be lost."""


@dataclass(frozen=True)
class NewAccount:
    """A local account that an admin creates.

    `expires` is its last day as typed (see `expiry`). Without `initial_password`, one is made.
    `invited`: the initial password is an invitation code.
    """

    username: str
    display_name: str = ""
    roles: tuple[str, ...] = (MINIMUM,)
    mfa_required: bool = False
    expires: str = NEVER
    initial_password: Secret | None = None
    invited: bool = False


@dataclass(frozen=True)
class WithInitialPassword:
    """An account with its one-time initial password, or an invitation code, shown once."""

    account: Account
    password: Secret
    looks_like: tuple[str, ...] = ()
    """Existing usernames that look like the new one."""
    power: str = ""
    """What the Unix user of this name can do (see `unix_users`)."""


def cost_of_many(ports: Ports) -> int:
    """Return the cost of hashes where many initial passwords are made.

    It may be lower, as they have as many random bits as backup codes.
    """
    return backup_codes.hash_cost(ports.bcrypt_cost)


def initial_password_fields(
    ports: Ports, initial: Secret, cost: int | None = None, *, invited: bool = False
) -> dict[str, object]:
    """Return the account fields for this one-time initial password.

    `cost` is that of its hash, if it is not the usual one. `invited`: it is an invitation code.
    """
    return {
        "password": passwords.hash_password(
            passwords.initial(initial),
            ports.keyring,
            ports.bcrypt_cost if cost is None else cost,
        ),
        "must_change_password": True,
        "initial_password_expires_at": ports.now()
        + (
            ports.accounts.settings().invitation_days * _DAY
            if invited
            else INITIAL_PASSWORD_LIFETIME
        ),
        "invited": invited,
    }


def invitations_recorded(
    before: Account | None, after: Account | None, now: float
) -> dict[str, object]:
    """Return what the audit log says of the invitations that end and begin with this change."""
    recorded: dict[str, object] = {}
    if before is not None and account_state.password_state(before, now) is PasswordState.INVITED:
        recorded["invitation"] = "revoked"
    if after is not None and after.invited:
        recorded["invited_until"] = utc_minute(after.initial_password_expires_at)
    return recorded


def first_epoch(ports: Ports) -> int:
    """Return a random epoch, so that old sessions do not work with a new account of that name."""
    return int.from_bytes(ports.random(4), "big")


def put_new(ports: Ports, change: AccountsChange, *accounts: Account) -> None:
    """Store new accounts, and remove any sign-in records left from old ones of their names."""
    change.put(*accounts)
    change.prepare()
    ports.records.remove(*(account.username for account in accounts))
