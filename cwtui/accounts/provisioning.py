"""Accounts of LDAP users: made at the first sign-in, and kept as the directory has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cwtui.accounts import look_alikes, roles, text
from cwtui.accounts.audit import EventType
from cwtui.accounts.directory import (
    CannotReachDirectory,
    CannotSearchDirectory,
    DirectoryMisconfigured,
    DirectoryUser,
)
from cwtui.accounts.errors import CannotCheck, Refused, SessionEnded
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.new_account import first_epoch, put_new
from cwtui.accounts.ports import AccountsChange, Directory, Ports
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import (
    Acting,
    Actor,
    Session,
    account_of,
    authorise_change,
    said,
    write_audit,
)

BATCH: Final = 500
"""Accounts changed at once: each change writes the file anew."""

_FROM: Final = "from the directory:"


def directory_of(ports: Ports) -> Directory:
    """Raises CannotCheck where the operator configured none."""
    if ports.directory is None:
        raise CannotCheck(
            "No directory is configured here: there is no table [directory] in the configuration."
        )
    return ports.directory


def provide(ports: Ports, actor: Acting, user: DirectoryUser) -> Account:
    """The account of a person whom the directory let in: made, or brought up to date.

    Roles and display name are the directory's. Raises Refused where the directory gives no role,
    or has another person under this name than the one for whom the account was made.
    """
    held = roles_of(user)
    if not held:
        raise Refused("The directory gives you no role in Connectware. Ask an admin for one.")
    known = ports.accounts.get(user.username)
    if known is not None and _as_in_directory(known, user, held) == known:
        return known  # as at nearly every sign-in: nobody waits for the lock of all accounts
    # Nobody can be asked here: it is in the audit log.
    similar = look_alikes.among(ports.accounts.names(), user.username) if known is None else ()
    with ports.accounts.change() as change:
        before = change.get(user.username)
        after = _as_in_directory(before, user, held) if before else _new(ports, change, user, held)
        if before is None:
            put_new(ports, change, after)
        elif after != before:
            change.put(after)
        if after != before:
            _record(ports, change, actor, before, after, similar)
    return after


def check_session(ports: Ports, session: Session) -> None:
    """End the session of a person whom the directory no longer has, or who has other roles there.

    Raises SessionEnded. While the directory cannot be asked, the session goes on.
    """
    account = account_of(ports, session)
    if account.origin is not Origin.LDAP or ports.directory is None:
        return
    try:
        user = ports.directory.find(account.username)
    except (CannotReachDirectory, CannotSearchDirectory, DirectoryMisconfigured):
        return
    check_still(account, user)


def check_still(account: Account, user: DirectoryUser | None) -> None:
    """Raise SessionEnded unless the directory still has this person, with these roles."""
    if user is None or not user.enabled or _is_another(account, user):
        raise SessionEnded(
            "Your account was removed or disabled in the directory. Ask its administrators.",
            "gone from the directory",
        )
    if roles_of(user) != account.roles:
        raise SessionEnded(
            "Your roles were changed in the directory. Sign in again to go on with the new ones.",
            "roles changed",
        )


@dataclass(frozen=True)
class Synchronised:
    """What `sync` found: usernames, each list in order."""

    gone: tuple[str, ...]
    found_again: tuple[str, ...]
    shadowing: tuple[str, ...]
    """Local accounts whose name the directory has as well: the local one wins."""


def sync(ports: Ports, directory: Directory, actor: Actor, progress: ShowProgress) -> Synchronised:
    """Mark LDAP accounts that the directory no longer has, and local ones that hide one of it.

    Raises CannotReachDirectory, CannotSearchDirectory, NotPermitted and SessionEnded.
    """
    authorise_change(ports, actor, Permission.MANAGE_USERS)
    names = [row.username for row in ports.accounts.rows()]
    found = directory.find_all(names, progress)
    gone, again, shadowing = [], [], []
    for batch in _batches(found):
        with ports.accounts.change() as change:
            authorise_change(ports, actor, Permission.MANAGE_USERS, change)
            changed = []
            for name in batch:
                before = change.get(name)
                if before is None:
                    continue
                after = _marked(before, found[name], ports.now())
                if after != before:
                    changed.append((before, after))
                shadowing += [name] if after.in_directory_too else []
                gone += [name] if after.gone_since is not None else []
                again += [name] if before.gone_since and after.gone_since is None else []
            if changed:
                change.put(*(after for _, after in changed))
            for before, after in changed:
                _record(ports, change, actor, before, after)
    return Synchronised(tuple(gone), tuple(again), tuple(shadowing))


def _new(
    ports: Ports, change: AccountsChange, user: DirectoryUser, held: tuple[str, ...]
) -> Account:
    return Account(
        username=user.username,
        created_at=ports.now(),
        origin=Origin.LDAP,
        display_name=text.visible_line(user.display_name),
        roles=held,
        mfa_required=change.settings().mfa_required_for_new_ldap_users,
        session_epoch=first_epoch(ports),
        directory_id=user.id,
    )


def _as_in_directory(before: Account, user: DirectoryUser, held: tuple[str, ...]) -> Account:
    if before.origin is not Origin.LDAP:
        raise Refused("There is a local account of this name now. Start again.")
    if _is_another(before, user):
        raise Refused(
            "The directory has another person under this name than the one for whom this account "
            "was made. Ask an admin to remove the account here."
        )
    fields = {
        "display_name": text.visible_line(user.display_name),
        "directory_id": user.id or before.directory_id,
        "gone_since": None,
    }
    if held != before.roles:
        return before.changed_ending_sessions(roles=held, **fields)
    return before.changed(**fields)


def _is_another(account: Account, user: DirectoryUser) -> bool:
    return bool(account.directory_id and user.id and account.directory_id != user.id)


def _marked(account: Account, user: DirectoryUser | None, now: float) -> Account:
    if account.origin is not Origin.LDAP:
        return account.changed(in_directory_too=user is not None)
    is_there = user is not None and not _is_another(account, user)
    if is_there:
        return account.changed(gone_since=None)
    if account.gone_since is not None:
        return account
    return account.changed_ending_sessions(gone_since=now)


def _record(
    ports: Ports,
    change: AccountsChange,
    actor: Acting,
    before: Account | None,
    after: Account,
    looks_like: tuple[str, ...] = (),
) -> None:
    event = EventType.USER_CREATE if before is None else EventType.USER_UPDATE
    told = ("display_name", "roles", "mfa_required", "gone_since", "in_directory_too")
    changed = {
        field: getattr(after, field)
        for field in told
        if before is None or getattr(before, field) != getattr(after, field)
    }
    if looks_like:
        changed["looks_like"] = looks_like
    reason = f"{_FROM} {said(changed)}"
    write_audit(ports, event, actor, after.username, reason, change=change)


def roles_of(user: DirectoryUser) -> tuple[str, ...]:
    """Those that cwtui knows."""
    return tuple(sorted({role for role in user.roles if role in roles.BUILT_IN}))


def _batches(names: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(names)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]
