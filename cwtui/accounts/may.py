"""What somebody may do with one account, so that pages offer only that.

The rules check each action again: meanwhile, roles may have changed.
"""

from dataclasses import dataclass

from cwtui.accounts import roles, throttle
from cwtui.accounts.errors import NotPermitted
from cwtui.accounts.managing import refuse_beyond, refuse_powerful
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Session, permissions_of


@dataclass(frozen=True)
class May:
    """What may be done, and the `roles` that may be given.

    `refusal` is why nothing, where the account itself is the reason.
    """

    manage: bool
    reset_mfa: bool
    unlock: bool
    remove: bool
    end_sessions: bool
    is_own: bool
    roles: tuple[str, ...]
    refusal: str = ""


def with_account(ports: Ports, session: Session, account: Account, record: SignInRecord) -> May:
    """Return what the session may do with the account now. Raises CannotCheck."""
    held, refusal = session.permissions, ""
    is_own = account.username == session.username
    try:
        refuse_beyond(held, account, permissions_of(ports, account))
        if not held.isdisjoint(roles.TO_UNLOCK):
            refuse_powerful(ports, held, account.username)
    except NotPermitted as error:
        held, refusal = frozenset(), str(error)
    manage, reset_mfa = Permission.MANAGE_USERS in held, Permission.RESET_MFA in held
    return May(
        manage=manage,
        reset_mfa=reset_mfa,
        unlock=(manage or reset_mfa)
        and not is_own
        and bool(throttle.wrong_tries(clearable(record, held))),
        remove=manage and (reset_mfa or account.second_factor is None),
        end_sessions=manage and not is_own,
        is_own=is_own,
        roles=roles.grantable(held, ports.accounts.settings().custom_roles) if manage else (),
        refusal=refusal,
    )


def clearable(record: SignInRecord, held: frozenset[Permission]) -> SignInRecord:
    """Return the record with the failed attempts that somebody with these permissions may clear.

    Whoever could clear those of passwords could guess passwords without end.
    """
    return record if Permission.MANAGE_USERS in held else record.changed(password_attempts={})
