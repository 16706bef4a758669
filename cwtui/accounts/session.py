"""Who acts: a signed-in session, or the operator on the command line."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

import msgspec

from cwtui.accounts import account_state, roles, sources
from cwtui.accounts.account_state import Status
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.closed_accounts import expired, was_disabled
from cwtui.accounts.errors import CannotCheck, NotPermitted, ProofNeeded, SessionEnded
from cwtui.accounts.model import Account, Note, SignInRecord, unchanged
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.preferences import DEFAULTS, Preferences
from cwtui.accounts.roles import Permission
from cwtui.language import _, ngettext

OPERATOR_PREFIX: Final = "operator:"
"""What distinguishes a Unix user from an account. No username has a colon."""
PROOF_LIFETIME: Final = 600.0
"""Seconds for which a proof is valid (OWASP ASVS 5.0, 7.5.1)."""

_PLAIN: Final = re.compile(r"[^\s=\"]*")


@dataclass(frozen=True)
class Session:
    """One signed-in use of the application. Permissions are read from the account at each call.

    `password_at` and `code_at` are when each factor was last proved; 0 means never. A backup code
    used at `backup_code_at` also serves to replace one device. `permissions` and `preferences`
    are those of the account at sign-in.
    """

    id: str
    username: str
    epoch: int
    roles: tuple[str, ...]
    permissions: frozenset[Permission]
    source: str
    started_at: float
    ends_at: float
    password_at: float
    code_at: float = 0.0
    backup_code_at: float = 0.0
    preferences: Preferences = DEFAULTS

    @property
    def actor(self) -> str:
        return self.username

    def renewed(self, account: Account) -> "Session":
        """Return this session after a change that it made itself."""
        return replace(self, epoch=account.session_epoch)


@dataclass(frozen=True)
class Operator:
    """The Unix user who runs commands. Being able to read the keyring makes them an admin."""

    name: str
    source: str = sources.COMMAND_LINE

    @property
    def actor(self) -> str:
        return f"{OPERATOR_PREFIX}{self.name}"


Actor: TypeAlias = Session | Operator


def open_session(
    ports: Ports, account: Account, source: str, password_at: float, code_at: float = 0.0
) -> Session:
    """Return a new session for an account whose factors were proved at these times."""
    now = ports.now()
    return Session(
        id=ports.random(6).hex(),
        username=account.username,
        epoch=account.session_epoch,
        roles=account.roles,
        permissions=permissions_of(ports, account),
        source=source,
        started_at=now,
        ends_at=now + ports.session_limit,
        password_at=password_at,
        code_at=code_at,
        preferences=account.preferences,
    )


def permissions_of(
    ports: Ports, account: Account, change: AccountsChange | None = None
) -> frozenset[Permission]:
    """Return what the account's roles permit now. Raises CannotCheck."""
    if roles.are_built_in(account.roles):
        return roles.permissions(account.roles, {})
    settings = (change or ports.accounts).settings()
    return roles.permissions(account.roles, settings.custom_roles)


def account_of(ports: Ports, session: Session, change: AccountsChange | None = None) -> Account:
    """Return the current state of the session's account. Raises SessionEnded with the reason."""
    account = (change or ports.accounts).get(session.username)
    if account is None:
        raise SessionEnded(
            _("Your account was removed or renamed. Sign in again, or ask an admin."),
            "removed",
            may_return=False,
        )
    # Nobody is signed in for so long that the account becomes unused meanwhile.
    match account_state.closed(account, ports.now()):
        case Status.DISABLED:
            raise SessionEnded(was_disabled(account), "disabled", may_return=False)
        case Status.EXPIRED:
            raise SessionEnded(expired(account), "expired", may_return=False)
    if (account.roles, permissions_of(ports, account, change)) != (
        session.roles,
        session.permissions,
    ):
        raise SessionEnded(
            _("Your roles were changed. Sign in again to use your new roles."), "roles changed"
        )
    if account.session_epoch != session.epoch:
        raise SessionEnded(
            _(
                "Your password, roles, status, MFA or SSH keys were changed elsewhere, or you "
                "were signed out everywhere. Sign in again."
            ),
            "changed elsewhere",
        )
    if ports.now() >= session.ends_at:
        raise SessionEnded(limit_reached(session), "time limit")
    return account


def limit_reached(session: Session) -> str:
    """Return the message for a session that reached its time limit (OWASP ASVS 5.0, 7.3.2)."""
    hours = round((session.ends_at - session.started_at) / 3600)
    return ngettext(
        "A session lasts at most {number} hour. Sign in again.",
        "A session lasts at most {number} hours. Sign in again.",
        hours,
    )


def proved_account_of(
    ports: Ports,
    session: Session,
    change: AccountsChange | None = None,
    *,
    code_follows: bool = False,
) -> Account:
    """Return the account for a change that needs recent proof.

    `code_follows`: the change itself asks for a code. Raises ProofNeeded and SessionEnded.
    """
    account = account_of(ports, session, change)
    _check_proof(account, session, ports.now(), code_follows=code_follows)
    return account


def _check_proof(
    account: Account, session: Session, now: float, *, code_follows: bool = False
) -> None:
    password = not is_fresh(session.password_at, now)
    code = account.second_factor is not None and not is_fresh(session.code_at, now)
    if password or (code and not code_follows):
        raise ProofNeeded(password=password, code=code and not code_follows)


def is_fresh(proved_at: float, now: float) -> bool:
    """Whether a proof from that time is still valid; 0 means that there was none."""
    # A clock that was set back must not extend a proof, nor one that begins in 1970 be one.
    return proved_at > 0 and 0 <= now - proved_at <= PROOF_LIFETIME


def authorise(ports: Ports, actor: Actor, needed: roles.Needed) -> frozenset[Permission]:
    """Return all permissions of the actor, who may see this now.

    Raises SessionEnded and NotPermitted.
    """
    if isinstance(actor, Operator):
        return roles.ALL
    account_of(ports, actor)  # its permissions are still those of the session
    _permit(actor, needed)
    return actor.permissions


def authorise_change(
    ports: Ports, actor: Actor, needed: roles.Needed, change: AccountsChange | None = None
) -> frozenset[Permission]:
    """Return all permissions of the actor, who may change this now.

    Raises SessionEnded, NotPermitted and ProofNeeded.
    """
    if isinstance(actor, Operator):
        return roles.ALL
    account = account_of(ports, actor, change)
    _permit(actor, needed)
    _check_proof(account, actor, ports.now())
    return actor.permissions


def _permit(session: Session, needed: roles.Needed) -> None:
    enough = {needed} if isinstance(needed, Permission) else needed
    if enough.isdisjoint(session.permissions):
        names = [permission for permission in Permission if permission in enough]
        raise NotPermitted(
            _(
                "Your roles do not include the permission {permission}.",
                permission=_(" or ").join(names),
            )
        )


class Acting(Protocol):
    """The actor that the audit log names: a session, an unfinished sign-in, or the operator."""

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
    """Log what the actor did, or does with this change.

    If it raises CannotCheck, the action must not happen.
    """
    if change is not None:
        change.prepare()
    ports.audit.append(event_of(ports, event, actor, subject, reason, outcome=outcome))


def event_of(
    ports: Ports,
    event: EventType,
    actor: Acting,
    subject: str,
    reason: str = "",
    *,
    outcome: Outcome = Outcome.SUCCESS,
) -> Event:
    """Return the event of what the actor does now."""
    if ports.batch:
        reason = f"{reason} batch={ports.batch}".lstrip()
    return Event(
        at=ports.now(),
        event=event,
        actor=actor.actor,
        subject=subject,
        source=actor.source,
        outcome=outcome,
        reason=reason,
    )


def in_batch(ports: Ports) -> Ports:
    """Return ports with which all that is done is a part of one batch, a new one if need be."""
    return ports if ports.batch else replace(ports, batch=ports.random(4).hex())


def update_record(
    ports: Ports,
    username: str,
    step: Note,
    write: Callable[[], None],
    kept: Note = unchanged,
) -> SignInRecord:
    """Change the sign-in record and write the event: both or neither. Returns the old record.

    `kept` is the part of the change that stays in any case, such as a code that was used. Raises
    CannotCheck.
    """

    def change(record: SignInRecord) -> tuple[SignInRecord, tuple[SignInRecord, SignInRecord]]:
        after = step(record)
        return after, (record, after)

    def act() -> SignInRecord:
        before, after = ports.records.update(username, change)
        try:
            write()
        except CannotCheck:
            # Undo it, unless somebody else has changed it in the meantime.
            ports.records.update(
                username, lambda now: (kept(before) if now == after else now, None)
            )
            raise
        return before

    return ports.records.together(act)


def as_reason(fields: Mapping[str, object]) -> str:
    """Return fields and values as the reason of an event, such as `enabled=True role="a b"`.

    Text is quoted as in JSON unless it is one plain word, so that it cannot look like a field.
    """
    return " ".join(f"{field}={_plain(value)}" for field, value in fields.items())


def _plain(value: object) -> str:
    plain = ",".join(value) if isinstance(value, tuple) else str(value)
    return plain if _PLAIN.fullmatch(plain) else msgspec.json.encode(plain).decode()


def sign_out(ports: Ports, session: Session, reason: str = "") -> None:
    """Log the end of a session, which is not open any more. The caller then drops the session."""
    event = EventType.SESSION_END if reason else EventType.SIGN_OUT
    try:
        write_audit(ports, event, session, session.username, reason)
    finally:
        with suppress(CannotCheck):  # then it is listed until others notice that it has ended
            ports.sessions.end(session.id)
