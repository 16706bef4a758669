"""Who acts: a signed-in session, or the operator of the host on the command line."""

from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from cwtui.accounts import roles
from cwtui.accounts.audit import Event, EventType, Outcome
from cwtui.accounts.errors import NotPermitted, SessionEnded
from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountsChange, Ports


@dataclass(frozen=True)
class Session:
    """One signed-in use of the application. It holds no authority: each call reads the account."""

    username: str
    epoch: int
    roles: tuple[str, ...]
    source: str
    started_at: float

    @property
    def actor(self) -> str:
        return self.username

    def renewed(self, account: Account) -> "Session":
        """This session after a change that it made itself."""
        return replace(self, epoch=account.session_epoch, roles=account.roles)


@dataclass(frozen=True)
class Operator:
    """Who can read the keyring is an admin (DESIGN section 6), and is recorded as such."""

    name: str
    source: str = "command line"

    @property
    def actor(self) -> str:
        return f"operator:{self.name}"


Actor: TypeAlias = Session | Operator


class Accounts(Protocol):
    """What both the store and a change of it can do."""

    def get(self, username: str) -> Account | None: ...


def open_session(account: Account, source: str, now: float) -> Session:
    """The session of an account that has proved all its factors."""
    return Session(account.username, account.session_epoch, account.roles, source, now)


def account_of(accounts: Accounts, session: Session) -> Account:
    """The session's account as it is now. Raises SessionEnded with the reason."""
    account = accounts.get(session.username)
    if account is None:
        raise SessionEnded("Your account was removed. Ask an admin if that is wrong.")
    if not account.enabled:
        raise SessionEnded("Your account was disabled. Ask an admin to enable it.")
    if account.roles != session.roles:
        raise SessionEnded("Your roles were changed. Sign in again to go on with the new ones.")
    if account.session_epoch != session.epoch:
        raise SessionEnded(
            "Your account was changed elsewhere: its password, roles, status or MFA. Sign in again."
        )
    return account


def authorise(accounts: Accounts, actor: Actor, permission: roles.Permission) -> None:
    """Raise SessionEnded or NotPermitted unless the actor may do this now."""
    if isinstance(actor, Operator):
        return
    account = account_of(accounts, actor)
    if permission not in roles.permissions(account.roles):
        raise NotPermitted(f"Your roles do not include the permission {permission}.")


class Acting(Protocol):
    """Whom the audit log names, and from where: a session, a sign-in half-way, the operator."""

    @property
    def actor(self) -> str: ...

    @property
    def source(self) -> str: ...


def write_audit(
    ports: Ports,
    event: EventType,
    actor: Acting,
    subject: str,
    reason: str = "",
    *,
    outcome: Outcome = Outcome.SUCCESS,
    change: AccountsChange | None = None,
) -> None:
    """Record what the actor did, or does by this change. Raises CannotCheck: then it must not."""
    if change is not None:
        change.prepare()
    ports.audit.append(
        Event(
            at=ports.now(),
            event=event,
            actor=actor.actor,
            subject=subject,
            source=actor.source,
            outcome=outcome,
            reason=reason,
        )
    )


def sign_out(ports: Ports, session: Session, reason: str = "") -> None:
    """Record the end of a session; the session itself is a value, to be dropped."""
    event = EventType.SESSION_END if reason else EventType.SIGN_OUT
    write_audit(ports, event, session, session.username, reason)
