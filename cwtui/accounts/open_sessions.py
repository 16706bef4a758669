"""Open sessions: which there are, and how one's own and others' are ended.

Who is signed out everywhere loses all sessions, listed or not: the account's `session_epoch` rises,
and each call of a session compares it. Being asked to end only makes that quick, and says why.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from msgspec import structs

from cwtui.accounts import sources, text
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import (
    CannotCheck,
    Refused,
    SessionEnded,
    UnknownAccount,
    UnknownSession,
)
from cwtui.accounts.managing import existing, somebody_else
from cwtui.accounts.model import EndAsked, OpenSession
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import (
    Actor,
    Operator,
    Session,
    account_of,
    as_reason,
    authorise,
    proved_account_of,
    write_audit,
)
from cwtui.language import _


@dataclass(frozen=True)
class Process:
    """The process of a session: how the person came in (`door`), and where it runs."""

    door: str
    host: str
    pid: int


def begin(ports: Ports, session: Session, process: Process) -> None:
    """List the session as open. Raises CannotCheck: the session goes on, but is not listed."""
    ports.sessions.begin(
        OpenSession(
            id=session.id,
            username=session.username,
            source=session.source,
            door=process.door,
            host=process.host,
            pid=process.pid,
            started_at=session.started_at,
            active_at=session.started_at,
        )
    )


def look(ports: Ports, session: Session, idle: float) -> None:
    """Raise SessionEnded if somebody asked this session to end, and CannotCheck.

    `idle` is for how many seconds the person has done nothing.
    """
    asked = ports.sessions.look(session.id, ports.now() - idle)
    if asked is not None:
        reason = f"ended by {asked.actor}" if asked.actor else "ended by others"
        raise SessionEnded(_sentence(asked, session), reason)


def _sentence(asked: EndAsked, session: Session) -> str:
    if asked.actor == session.username:
        return _("You ended this session from {source}.", source=sources.shown(asked.source))
    if not asked.actor:
        return _("This session was ended. Sign in again.")
    return _("An administrator signed you out.")


def own(ports: Ports, session: Session) -> list[OpenSession]:
    """Return the open sessions of the session's account, oldest first.

    Raises SessionEnded and CannotCheck.
    """
    return ports.sessions.all(account_of(ports, session).username)


def of_user(ports: Ports, actor: Actor, username: str) -> list[OpenSession]:
    """Return the open sessions of an account, oldest first.

    Raises UnknownAccount, NotPermitted, SessionEnded and CannotCheck.
    """
    authorise(ports, actor, Permission.READ_USERS)
    name = text.username(username)
    if ports.accounts.get(name) is None:
        raise UnknownAccount(name)
    return ports.sessions.all(name)


def every(ports: Ports, _: Operator) -> list[OpenSession]:
    """Return all open sessions, oldest first. Raises CannotCheck."""
    return ports.sessions.all()


def end_own(ports: Ports, session: Session, id_: str) -> OpenSession:
    """Ask one of the person's other sessions to end, and return it.

    Raises Refused, UnknownSession, ProofNeeded, SessionEnded and CannotCheck.
    """
    proved_account_of(ports, session)
    if id_ == session.id:
        raise Refused(_("This is the session that you are using. Use Sign Out instead."))
    return _end(ports, session, session.username, id_)


def end_of_user(ports: Ports, actor: Actor, username: str, id_: str) -> OpenSession:
    """Ask a session of this account to end, and return it.

    Raises Refused, UnknownAccount, UnknownSession, NotPermitted, ProofNeeded, SessionEnded and
    CannotCheck.
    """
    name = somebody_else(ports, actor, username)
    with ports.accounts.change() as change:
        existing(ports, change, actor, name)
    # After the change: what is logged in it would be written only at its end.
    return _end(ports, actor, name, id_)


def end(ports: Ports, operator: Operator, ids: Sequence[str]) -> list[OpenSession]:
    """Ask those of these sessions to end that are open, and return them.

    Some may have ended since the ids were listed. None is asked if cwtui cannot end one of them.
    Raises Refused and CannotCheck.
    """
    listed = {one.id: one for one in ports.sessions.all()}
    found = [listed[id_] for id_ in dict.fromkeys(ids) if id_ in listed]
    for one in found:
        check_can_end(one)
    ended = []
    for one in found:
        with suppress(UnknownSession):
            ended.append(_end_found(ports, operator, one))
    return ended


def _end(ports: Ports, actor: Actor, username: str, id_: str) -> OpenSession:
    found = next((one for one in ports.sessions.all(username) if one.id == id_), None)
    if found is None:
        raise UnknownSession(id_)
    check_can_end(found)
    return _end_found(ports, actor, found)


def check_can_end(found: OpenSession) -> None:
    """Raise Refused for a session of the host, which cwtui cannot end."""
    if not found.is_ours:
        raise Refused(
            _(
                "cwtui cannot end a session of {door}. As root on {host}, end its process: kill "
                "{pid}",
                door=text.visible(found.door),
                host=text.visible(found.host),
                pid=found.pid,
            )
        )


def _end_found(ports: Ports, actor: Actor, found: OpenSession) -> OpenSession:
    reason = as_reason({"session": found.id, "door": found.door, "source": found.source})
    write_audit(ports, EventType.SESSION_END_ASKED, actor, found.username, reason)
    if not _ask(ports, actor, [found.id]):
        raise UnknownSession(found.id)
    return structs.replace(found, is_ending=True)


def sign_out_everywhere(ports: Ports, session: Session) -> None:
    """End all sessions of the session's account. The caller then drops this one.

    Raises ProofNeeded, SessionEnded and CannotCheck.
    """
    with ports.accounts.change() as change:
        account = proved_account_of(ports, session, change)
        change.put(account.changed_ending_sessions())
        write_audit(
            ports, EventType.SESSION_END_EVERYWHERE, session, account.username, change=change
        )
    _ask_all(ports, session, account.username)


def sign_out_user(ports: Ports, actor: Actor, username: str) -> list[OpenSession]:
    """End all sessions of this account, and return those that were asked to end now.

    Others, which are not listed, end at their next action. Raises Refused, UnknownAccount,
    NotPermitted, ProofNeeded, SessionEnded and CannotCheck.
    """
    name = somebody_else(ports, actor, username)
    with ports.accounts.change() as change:
        account = existing(ports, change, actor, name)
        change.put(account.changed_ending_sessions())
        write_audit(ports, EventType.SESSION_END_EVERYWHERE, actor, name, change=change)
    return _ask_all(ports, actor, name)


def _ask_all(ports: Ports, actor: Actor, username: str) -> list[OpenSession]:
    """Ask the listed sessions to end, and return those that nobody had asked before."""
    here = actor.id if isinstance(actor, Session) else ""
    # The sessions have ended already; whoever is not asked is told so at the next action.
    with suppress(CannotCheck):
        listed = ports.sessions.all(username)
        ours = [one for one in listed if one.is_ours and one.id != here]
        asked = _ask(ports, actor, [one.id for one in ours])
        return [
            structs.replace(one, is_ending=True)
            for one in ours
            if one.id in asked and not one.is_ending
        ]
    return []


def _ask(ports: Ports, actor: Actor, ids: Iterable[str]) -> frozenset[str]:
    return ports.sessions.ask_to_end(ids, EndAsked(actor.actor, actor.source))
