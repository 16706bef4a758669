"""Accounts of LDAP users: created at the first sign-in, then kept in step with the directory."""

from typing import Final

from cwtui.accounts import identity, look_alikes, renaming, roles, text, unix_users
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.directory_port import (
    CannotReachDirectory,
    CannotSearchDirectory,
    Directory,
    DirectoryMisconfigured,
    DirectoryUser,
)
from cwtui.accounts.errors import CannotCheck, Refused, SessionEnded
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.new_account import first_epoch, put_new
from cwtui.accounts.ports import AccountsChange, AccountStore, Ports
from cwtui.accounts.renaming import ChangedMeanwhile
from cwtui.accounts.roles import CustomRoles
from cwtui.accounts.session import (
    Acting,
    Session,
    account_of,
    as_reason,
    write_audit,
)
from cwtui.language import _

_FROM: Final = "from the directory:"


def directory_of(ports: Ports) -> Directory:
    """Return the directory. Raises CannotCheck if none is configured."""
    if ports.directory is None:
        raise CannotCheck(
            _("No directory is configured: the configuration has no [directory] section.")
        )
    return ports.directory


def provide(ports: Ports, actor: Acting, user: DirectoryUser) -> Account:
    """Create or update the account of a person who signed in with a directory password.

    Roles, display name and username come from the directory; people who were renamed there keep
    their account. Raises Refused if the directory gives no role, or if the account was created for
    another person.
    """
    try:
        return _provided(ports, actor, user)
    except ChangedMeanwhile:
        return _provided(ports, actor, user)


def _held(accounts: AccountStore | AccountsChange, user: DirectoryUser) -> tuple[str, ...]:
    """Return the person's roles. Raises Refused if there are none."""
    held = roles_of(user, accounts.settings().custom_roles)
    if not held:
        raise Refused(
            _("You have no Connectware role in the directory. Ask an admin for one."),
            "no role in the directory",
        )
    return held


def _provided(ports: Ports, actor: Acting, user: DirectoryUser) -> Account:
    held = _held(ports.accounts, user)
    known = ports.accounts.get(user.username)
    renames = renaming.plan(ports, user, known)
    is_settled = known is not None and known.moved is None and not renames
    if known is not None and is_settled and _as_in_directory(known, user, held) == known:
        return known  # the usual case: no need to lock the accounts
    # Nobody can confirm such names here, so they are only logged.
    leaving = {rename.before for rename in renames}
    others = {*ports.accounts.names()} - leaving if not known else set[str]()
    similar = look_alikes.among(others, user.username)
    power = "" if known else unix_users.power(ports.unix_user(user.username))
    with ports.accounts.change() as change:
        held = _held(change, user)  # a role may have been removed meanwhile
        renaming.carry_over(ports, change, actor, renames)
        before = change.get(user.username)
        if before is None:
            if change.of_person(user.ids):
                raise ChangedMeanwhile
            after = _new(ports, change, user, held)
            similar += look_alikes.among_later(change.names(), others | leaving, user.username)
            if user.username in {rename.before for rename in renames}:
                renaming.put_in_place_of(change, after)
            else:
                put_new(ports, change, after)
        else:
            after = _as_in_directory(before, user, held)
            if after != before:
                change.put(after)
        if after != before:
            record_change(ports, change, actor, before, after, similar, power)
    if renames or after.moved is not None:
        renaming.settle(ports, [user.username, *(rename.user.username for rename in renames)])
    return after


def check_session(ports: Ports, session: Session) -> None:
    """Raise SessionEnded if the directory no longer has the person, or their roles changed there.

    While the directory cannot be asked, the session continues.
    """
    account = account_of(ports, session)
    if account.origin is not Origin.LDAP or ports.directory is None:
        return
    try:
        user = ports.directory.find(account.username)
    except (CannotReachDirectory, CannotSearchDirectory, DirectoryMisconfigured):
        return
    check_still(ports, account, user)


def check_still(ports: Ports, account: Account, user: DirectoryUser | None) -> None:
    """Raise SessionEnded unless the directory still has this person with the same roles."""
    if user is None or not user.enabled or is_another(account, user):
        raise SessionEnded(
            _(
                "Your account was removed, renamed or disabled in the directory. Sign in again, "
                "or ask an admin."
            ),
            "gone from the directory",
            may_return=False,
        )
    if roles_of(user, ports.accounts.settings().custom_roles) != account.roles:
        raise SessionEnded(
            _("Your roles were changed in the directory. Sign in again to use your new roles."),
            "roles changed",
        )


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
        directory_ids=dict(user.ids),
    )


def _as_in_directory(before: Account, user: DirectoryUser, held: tuple[str, ...]) -> Account:
    if before.origin is not Origin.LDAP:
        raise Refused(_(renaming.LOCAL), renaming.LOCAL_REASON)
    if is_another(before, user):
        raise Refused(_(renaming.ANOTHER), renaming.ANOTHER_REASON)
    fields = {
        "display_name": text.visible_line(user.display_name),
        "directory_ids": identity.learned(before.directory_ids, user.ids),
        "gone_since": None,
    }
    if held != before.roles:
        return before.changed_ending_sessions(roles=held, **fields)
    return before.changed(**fields)


def is_another(account: Account, user: DirectoryUser) -> bool:
    """Whether the directory's person of this name is certainly not the account's owner."""
    return identity.is_another(account.directory_ids, user.ids)


def record_change(
    ports: Ports,
    change: AccountsChange,
    actor: Acting,
    before: Account | None,
    after: Account,
    looks_like: tuple[str, ...] = (),
    power: str = "",
) -> None:
    """Log what the directory changed, if it is visible to people."""
    event = EventType.USER_CREATE if before is None else EventType.USER_UPDATE
    recorded = ("display_name", "roles", "mfa_required", "gone_since", "in_directory_too")
    changed = {
        field: getattr(after, field)
        for field in recorded
        if before is None or getattr(before, field) != getattr(after, field)
    }
    if looks_like:
        changed["looks_like"] = looks_like
    if power:
        changed["unix_user"] = power
    if not changed:  # only ids were added
        return
    reason = f"{_FROM} {as_reason(changed)}"
    write_audit(ports, event, actor, after.username, reason, change=change)


def roles_of(user: DirectoryUser, custom: CustomRoles) -> tuple[str, ...]:
    """Return the person's roles that cwtui knows, sorted."""
    return tuple(sorted({role for role in user.roles if role in roles.BUILT_IN or role in custom}))
