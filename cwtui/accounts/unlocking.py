"""Unlocking: clear an account's failed attempts, so that nobody has to wait any more."""

from dataclasses import dataclass
from typing import ClassVar

from cwtui.accounts import account_state, made_up, roles, text, throttle
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import NotPermitted, Refused, UnknownAccount
from cwtui.accounts.managing import refuse_beyond, refuse_powerful
from cwtui.accounts.may import clearable
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import (
    Actor,
    Session,
    authorise_change,
    permissions_of,
    update_record,
    write_audit,
)
from cwtui.language import N_, _


@dataclass(frozen=True)
class Unlocked:
    """What unlocking did: whether anybody had to wait, and how many failed attempts it cleared.

    `left` failed attempts are those of passwords, which the person may not clear.
    """

    PASSWORDS_STAY: ClassVar[str] = N_(
        "There are failed attempts at the password of {username}. Only somebody with the "
        "permission manage-users can clear those."
    )

    was_locked: bool
    cleared: int
    left: int = 0


def unlock(ports: Ports, actor: Actor, username: str) -> Unlocked:
    """Clear the failed attempts of an account, or of an LDAP user who has no account yet.

    Without the permission to manage users, wrong passwords stay, and those of the actor's own
    account always: whoever could clear them could guess without end. If there is nothing to clear,
    nothing is changed or logged. Raises UnknownAccount, Refused for the actor's own account,
    NotPermitted and SessionEnded.
    """
    held = authorise_change(ports, actor, roles.TO_UNLOCK)
    name = text.username(username)
    if isinstance(actor, Session) and actor.username == name:
        raise Refused(
            _(
                "You cannot clear your own failed attempts. Wait until you may try again, or ask "
                "another admin."
            )
        )
    refuse_powerful(ports, held, name)
    _check_account(ports, held, name)
    counted = made_up.counted_name(ports, name)

    def unlocked(before: SignInRecord) -> Unlocked:
        before = throttle.current(before, ports.now())
        clears = clearable(before, held)
        cleared = throttle.wrong_tries(clears)
        was_locked = account_state.locked_until(clears, ports.now()) is not None
        return Unlocked(was_locked, cleared, throttle.wrong_tries(before) - cleared)

    found = unlocked(ports.records.get(counted))
    if not found.cleared:
        if found.left:
            raise NotPermitted(_(Unlocked.PASSWORDS_STAY, username=name))
        return found
    with ports.accounts.change() as change:
        held = authorise_change(ports, actor, roles.TO_UNLOCK, change)
        _check_account(ports, held, name, change)
        manages = Permission.MANAGE_USERS in held
        before = update_record(
            ports,
            counted,
            lambda record: record.changed(
                password_attempts={} if manages else record.password_attempts, code_attempts={}
            ),
            lambda: write_audit(ports, EventType.USER_UNLOCK, actor, name),
        )
    return unlocked(before)


def _check_account(
    ports: Ports, held: frozenset[Permission], name: str, change: AccountsChange | None = None
) -> None:
    """Raise UnknownAccount, or NotPermitted if the account has permissions that are not `held`.

    An LDAP user who has no account yet may have any.
    """
    account = (change or ports.accounts).get(name)
    if account is not None:
        refuse_beyond(held, account, permissions_of(ports, account, change))
    elif ports.directory is None:
        raise UnknownAccount(name)
    elif held != roles.ALL:
        raise NotPermitted(
            _(
                "{username} has no account yet, so it is not known what the directory permits "
                "them. Ask somebody who has all permissions.",
                username=name,
            )
        )
